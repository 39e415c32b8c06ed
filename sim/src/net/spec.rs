//! `--net`: which network the chip is connected to.

use std::path::PathBuf;
use std::str::FromStr;

use super::echo::{ECHO_PORT, PEER_PORT};

/// Where frames go to and come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Far {
    /// Nowhere: the cable hangs loose.
    Nothing,
    /// A host of its own at 10.0.2.2 that passes datagrams on to the real one.
    User {
        /// Ports of the real host's loopback interface and the ports of the guest they lead to.
        forwards: Vec<(u16, u16)>,
    },
    /// A host of its own at 10.0.2.2 that answers by itself.
    Echo {
        /// Datagrams it sends to the guest, to see them come back.
        datagrams: u32,
        /// The guest's UDP port for them.
        port: u16,
    },
    /// A tap device of the real host.
    Tap(String),
}

/// A network, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetSpec {
    /// The other end.
    pub far: Far,
    /// Where frames are recorded.
    pub pcap: Option<PathBuf>,
}

/// What `--net` takes, for messages.
pub const GRAMMAR: &str = "user[,udp=HOSTPORT:GUESTPORT]..., user,echo[=DATAGRAMS[:PORT]] or tap=NAME; each with ,pcap=FILE, \
                           or pcap=FILE alone";
/// Datagrams of `echo`, unless told otherwise.
pub const DEFAULT_DATAGRAMS: u32 = 8;
/// Most datagrams of `echo`.
pub const MAX_DATAGRAMS: u32 = 1_000;
/// Longest name of a network device: Linux'.
const MAX_NAME: usize = 15;

/// Why a text names no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetSpecError {
    /// A word that is none.
    #[error("`{0}` is none of user, udp=, echo, tap=, pcap= (write {GRAMMAR})")]
    Unknown(String),
    /// Said twice.
    #[error("{0} stands twice")]
    Twice(&'static str),
    /// A value that is wrong.
    #[error("`{item}`: {why}")]
    Value {
        /// The item.
        item: String,
        /// What it should be.
        why: &'static str,
    },
    /// Two items that exclude each other.
    #[error("{0} and {1} do not go together")]
    Conflict(&'static str, &'static str),
    /// `udp=` or `echo` alone.
    #[error("{0} needs `user` before it")]
    NeedsUser(&'static str),
}

impl FromStr for NetSpec {
    type Err = NetSpecError;

    fn from_str(text: &str) -> Result<Self, NetSpecError> {
        use NetSpecError::{Conflict, NeedsUser, Twice, Unknown};
        let (mut user, mut echo, mut tap, mut pcap) = (false, None, None, None);
        let mut forwards: Vec<(u16, u16)> = Vec::new();
        for item in text.split(',') {
            let wrong = |why| NetSpecError::Value { item: item.to_owned(), why };
            match item.split_once('=').map_or((item, None), |(name, value)| (name, Some(value))) {
                ("user", None) if !user => user = true,
                ("user", None) => return Err(Twice("user")),
                ("echo", _) if echo.is_some() => return Err(Twice("echo")),
                ("echo", None) => echo = Some((DEFAULT_DATAGRAMS, ECHO_PORT)),
                ("echo", Some(value)) => {
                    let why =
                        "a number from 0 to 1000, and if :PORT follows a port other than 49152";
                    echo = Some(datagrams(value).ok_or_else(|| wrong(why))?);
                }
                ("udp", Some(value)) => {
                    let forward =
                        forward(value).ok_or_else(|| wrong("two ports: HOSTPORT:GUESTPORT"))?;
                    if forwards.iter().any(|(host, _)| *host == forward.0) {
                        return Err(wrong("this port of the host is forwarded already"));
                    }
                    forwards.push(forward);
                }
                ("tap" | "pcap", Some("")) => return Err(wrong("a name is missing")),
                ("tap", Some(_)) if tap.is_some() => return Err(Twice("tap=")),
                ("tap", Some(name)) if name.len() > MAX_NAME || name.contains(['/', ' ']) => {
                    return Err(wrong("no name of a network device"));
                }
                ("tap", Some(name)) => tap = Some(name.to_owned()),
                ("pcap", Some(_)) if pcap.is_some() => return Err(Twice("pcap=")),
                ("pcap", Some(file)) => pcap = Some(PathBuf::from(file)),
                _ => return Err(Unknown(item.to_owned())),
            }
        }
        let far = match (user, echo, tap) {
            (true, _, Some(_)) => return Err(Conflict("user", "tap=")),
            (true, Some(_), _) if !forwards.is_empty() => return Err(Conflict("echo", "udp=")),
            (false, Some(_), _) => return Err(NeedsUser("echo")),
            (false, ..) if !forwards.is_empty() => return Err(NeedsUser("udp=")),
            (true, Some((datagrams, port)), None) => Far::Echo { datagrams, port },
            (true, None, None) => Far::User { forwards },
            (false, None, Some(name)) => Far::Tap(name),
            (false, None, None) => Far::Nothing,
        };
        Ok(Self { far, pcap })
    }
}

impl NetSpec {
    /// True if runs with this network are the same, bit for bit.
    pub fn repeatable(&self) -> bool {
        matches!(self.far, Far::Nothing | Far::Echo { .. })
    }
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

fn forward(text: &str) -> Option<(u16, u16)> {
    let (host, guest) = text.split_once(':')?;
    Some((port(host)?, port(guest)?))
}

fn datagrams(text: &str) -> Option<(u32, u16)> {
    let (number, port) = match text.split_once(':') {
        Some((number, to)) => (number, port(to).filter(|port| *port != PEER_PORT)?),
        None => (text, ECHO_PORT),
    };
    Some((number.parse().ok().filter(|number| *number <= MAX_DATAGRAMS)?, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn far(text: &str) -> Far {
        text.parse::<NetSpec>().unwrap_or_else(|e| panic!("{text}: {e}")).far
    }

    #[test]
    fn networks_are_read() {
        assert_eq!(far("user"), Far::User { forwards: vec![] });
        assert_eq!(
            far("user,udp=5000:7,udp=5001:7"),
            Far::User { forwards: vec![(5000, 7), (5001, 7)] }
        );
        assert_eq!(far("user,echo"), Far::Echo { datagrams: 8, port: 7 });
        assert_eq!(far("echo=0,user"), Far::Echo { datagrams: 0, port: 7 });
        assert_eq!(far("user,echo=16:7007"), Far::Echo { datagrams: 16, port: 7007 });
        assert_eq!(far("tap=tap0"), Far::Tap("tap0".into()));
        let spec: NetSpec = "pcap=a=b.pcap".parse().expect("a network");
        assert_eq!(spec, NetSpec { far: Far::Nothing, pcap: Some("a=b.pcap".into()) });
        let spec: NetSpec = "user,pcap=x".parse().expect("a network");
        assert_eq!(spec.pcap, Some("x".into()));
        assert!(!spec.repeatable());
        assert!("user,echo".parse::<NetSpec>().expect("a network").repeatable());
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, message) in [
            ("", "`` is none of user"),
            ("usr", "`usr` is none of user, udp=, echo, tap=, pcap= (write user[,udp="),
            ("user=1", "`user=1` is none of"),
            ("user,", "`` is none of"),
            ("user,user", "user stands twice"),
            ("user,echo,echo=3", "echo stands twice"),
            ("user,echo=x", "`echo=x`: a number from 0 to 1000, and if :PORT follows a port other"),
            ("user,echo=1001", "`echo=1001`: a number from 0 to 1000"),
            ("user,echo=1:49152", "`echo=1:49152`: a number from 0 to 1000"),
            ("user,echo=1:0", "`echo=1:0`: a number from 0 to 1000"),
            ("user,udp=5", "`udp=5`: two ports: HOSTPORT:GUESTPORT"),
            ("user,udp=0:7", "`udp=0:7`: two ports"),
            ("user,udp=5:70000", "`udp=5:70000`: two ports"),
            ("user,udp=5:1,udp=5:2", "`udp=5:2`: this port of the host is forwarded already"),
            ("user,udp", "`udp` is none of"),
            ("tap=", "`tap=`: a name is missing"),
            ("tap=0123456789abcdef", "`tap=0123456789abcdef`: no name of a network device"),
            ("tap=a,tap=b", "tap= stands twice"),
            ("pcap=a,pcap=b", "pcap= stands twice"),
            ("user,tap=a", "user and tap= do not go together"),
            ("user,echo,udp=1:2", "echo and udp= do not go together"),
            ("echo", "echo needs `user` before it"),
            ("udp=1:2", "udp= needs `user` before it"),
        ] {
            let error = text.parse::<NetSpec>().expect_err(text).to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
    }
}
