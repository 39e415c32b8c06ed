//! `covert run --gdb`: gdb's remote protocol for the guest, not for the VMM below it.
//!
//! gdb stands outside the chip: while the guest is halted no cycle goes by, and what is read is read from the model. So a run
//! that is looked at is the run that is not, replicas and cycles included. [`guest`] says where the guest stands between
//! two instructions, [`memory`] and [`cache`] what its memory holds, [`breaks`] where it is to stop, [`target`] puts them
//! together for gdbstub.

pub mod breaks;
pub mod cache;
pub mod guest;
pub mod memory;
pub mod monitor;
pub mod target;
pub mod tile;

use std::io::{self, Write as _};
use std::marker::PhantomData;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use gdbstub::conn::ConnectionExt as _;
use gdbstub::stub::run_blocking::{BlockingEventLoop, Event, WaitForStopReasonError};
use gdbstub::stub::{DisconnectReason, GdbStub, GdbStubError};

use crate::error::{Error, reason};
use crate::plan::Plan;
use crate::session::{End, Session};
use target::{Debuggee, Reason};

/// Opens a port of this machine alone; 0: any that is free.
///
/// # Errors
/// It cannot be had.
pub fn listen(port: u16) -> Result<TcpListener, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| Error::Usage(format!("--gdb: port {port}: {}", reason(&error))))
}

/// Waits before the guest's first instruction for gdb, calls `attached` when it is there, and does what it says. The end of the
/// run, or none if gdb went away and the run goes on.
///
/// # Errors
/// The model fails, or output cannot be written.
pub fn serve(
    session: &mut Session,
    plan: &Plan,
    listener: &TcpListener,
    attached: impl FnOnce(&mut Session) -> Result<(), Error>,
) -> Result<Option<End>, Error> {
    let mut debuggee = Debuggee::new(session, plan)?;
    debuggee.begin()?;
    if debuggee.end.is_some() {
        say("the run ended before the guest began");
        return Ok(debuggee.end);
    }
    let stream = accept(listener).map_err(|source| Error::Stream { what: "--gdb", source })?;
    attached(debuggee.session)?;
    match GdbStub::new(stream).run_blocking::<Events<'_>>(&mut debuggee) {
        Ok(DisconnectReason::TargetExited(_) | DisconnectReason::TargetTerminated(_)) => {}
        Ok(DisconnectReason::Kill) => debuggee.end = Some(End::Stopped),
        Ok(DisconnectReason::Disconnect) => say("detached; the run goes on"),
        Err(error) => went_wrong(error)?,
    }
    Ok(debuggee.end)
}

fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    say(&format!("waiting on {}", listener.local_addr()?));
    Ok(listener.accept()?.0)
}

fn say(what: &str) {
    let _ = writeln!(io::stderr().lock(), "gdb: {what}");
}

/// Whatever is wrong with the connection or what came over it is no reason to end the run.
fn went_wrong(error: GdbStubError<Error, io::Error>) -> Result<(), Error> {
    if error.is_target_error() {
        return error.into_target_error().map_or(Ok(()), Err);
    }
    say(&format!("lost: {error}; the run goes on"));
    Ok(())
}

/// gdbstub's loop: the run, and gdb's wish to end it.
struct Events<'a>(PhantomData<&'a mut ()>);

impl<'a> BlockingEventLoop for Events<'a> {
    type Target = Debuggee<'a>;
    type Connection = TcpStream;
    type StopReason = Reason;

    fn wait_for_stop_reason(
        debuggee: &mut Debuggee<'a>,
        connection: &mut TcpStream,
    ) -> Result<Event<Reason>, WaitForStopReasonError<Error, io::Error>> {
        loop {
            if connection.peek().map_err(WaitForStopReasonError::Connection)?.is_some() {
                let byte = connection.read().map_err(WaitForStopReasonError::Connection)?;
                return Ok(Event::IncomingData(byte));
            }
            if let Some(reason) = debuggee.advance().map_err(WaitForStopReasonError::Target)? {
                return Ok(Event::TargetStopped(reason));
            }
        }
    }

    fn on_interrupt(debuggee: &mut Debuggee<'a>) -> Result<Option<Reason>, Error> {
        debuggee.interrupt().map(Some)
    }
}
