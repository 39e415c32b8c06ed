//! The page of `covert debug` in a browser, and the worked cases of `docs/why.md`.

mod common;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{covert, text};
use serde_json::Value;

/// Asks the loaded page how it looks, presses its switches, and leaves what it found in the document. Facts are what the
/// browser made of the page: boxes, colours, what is painted where.
const PROBE: &str = include_str!("page/probe.html");

/// The page in a frame, whose width is free (Chromium's own windows are never narrower than 500 pixels), and what the probe
/// sends out of it.
const FRAME: &str = r#"<!doctype html><iframe src="page.html@FRAGMENT@" style="width:@WIDTH@px;height:900px;border:0"></iframe>
<pre id="probe"></pre><script>onmessage = event => { document.querySelector("pre").textContent = event.data; };</script>"#;

/// Runs Chromium, which set-up installs, on a page; what it wrote to stdout.
fn chromium(folder: &Path, arguments: &[&str], url: &str) -> String {
    let profile = tempfile::tempdir().expect("a folder");
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .args(["--disable-dev-shm-usage", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", text(profile.path())))
        .args(arguments)
        .arg(url)
        .current_dir(folder)
        .output()
        .expect("chromium starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Loads `page` with a window of that width and a fragment, and returns what the probe saw in each state.
fn probe(page: &str, width: u32, fragment: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.html");
    fs::write(&file, page.replace("</body>", &format!("{PROBE}</body>"))).expect("a file");
    let frame = FRAME.replace("@FRAGMENT@", fragment).replace("@WIDTH@", &width.to_string());
    let outer = folder.path().join("frame.html");
    fs::write(&outer, frame).expect("a file");
    let url = format!("file://{}", text(&outer));
    let document = chromium(folder.path(), &["--window-size=1400,1000", "--dump-dom"], &url);
    let facts = document
        .split_once("<pre id=\"probe\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .map(|(facts, _)| facts.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        .expect("the probe is in the document");
    serde_json::from_str(&facts).unwrap_or_else(|e| panic!("{e}: the probe left `{facts}`"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// Red, green, blue, 0 to 1, of `rgb(1, 2, 3)`.
fn rgb(text: &str) -> [f64; 3] {
    let inside = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')'));
    let mut parts = inside.expect("an opaque colour").split(", ").map(|part| part.parse::<f64>());
    std::array::from_fn(|_| parts.next().expect("three parts").expect("a number") / 255.0)
}

/// Contrast ratio of two colours (WCAG 2.1, 1.4.3).
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |text| {
        let [r, g, b] = rgb(text).map(|part| {
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// What must hold in each state of the page, against the record; the first thing that does not.
fn check(facts: &Value, record: &Value) -> Result<(), String> {
    let what = facts["what"].as_str().unwrap_or("?").to_owned();
    let require = |holds: bool, text: String| {
        if holds { Ok(()) } else { Err(format!("{what}: {text}")) }
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    require(facts["error"].is_null(), format!("the script failed: {}", facts["error"]))?;
    require(facts["requests"] == 0, format!("{} requests", facts["requests"]))?;
    require(facts["sentence"] == record["sentence"], format!("says {}", facts["sentence"]))?;
    require(
        number(&facts["content"]) <= number(&facts["width"]),
        format!("{} wide in a window of {}", facts["content"], facts["width"]),
    )?;

    // Lanes: each module of the record, by first cycle, all painted inside the picture, names clear of bars.
    let course = &record["course"];
    let mut modules: Vec<&str> = Vec::new();
    for episode in course["episodes"].as_array().expect("a list") {
        let module = episode["module"].as_str().expect("text");
        if !modules.contains(&module) {
            modules.push(module);
        }
    }
    let lanes = list(&facts["lanes"]);
    let drawn: Vec<&str> =
        lanes.iter().map(|lane| lane["module"].as_str().expect("text")).collect();
    require(drawn == modules[..modules.len().min(60)], format!("lanes {drawn:?}"))?;
    require(
        !drawn.is_empty() && facts["painted"] == facts["bars"],
        format!("{} of {} bars are painted", facts["painted"], facts["bars"]),
    )?;
    let wide = number(&facts["width"]) > 1000.0;
    for lane in &lanes {
        let (name, bar) = (&lane["name"], &lane["bar"]);
        let clear = if wide {
            number(&name["right"]) <= number(&bar["left"])
        } else {
            number(&name["bottom"]) <= number(&bar["top"]) + 3.0
        };
        require(clear, format!("the name of {} touches its bars", lane["module"]))?;
    }

    // Events up to the end of the comparison, where the scale says; their letters apart, and the ticks' texts too.
    let cycle = |value: &Value| value.as_u64().expect("a number");
    let (start, last) = (cycle(&course["cycle"]), cycle(&course["fate_cycle"]));
    let events: Vec<Value> =
        list(&record["events"]).into_iter().filter(|e| cycle(&e["cycle"]) <= last).collect();
    let marks = list(&facts["events"]);
    require(marks.len() == events.len(), format!("{} marks of events", marks.len()))?;
    let linear = what == "linear" || what == "first linear";
    let share = |cycle: u64| {
        let (t, span) = ((cycle - start) as f64, (last - start) as f64);
        if linear { t / span } else { t.ln_1p() / span.ln_1p() }
    };
    let [first, .., latest] = &marks[..] else { return Err(format!("{what}: {marks:?}")) };
    let (from, to) = (number(&first["at"]), number(&latest["at"]));
    let whole = share(cycle(&events[events.len() - 1]["cycle"]));
    for (mark, event) in marks.iter().zip(&events) {
        let wanted = from + share(cycle(&event["cycle"])) / whole * (to - from);
        let close = (number(&mark["at"]) - wanted).abs() < 0.5;
        require(close && mark["kind"] == event["kind"], format!("{mark} instead of {wanted}"))?;
    }
    let overlap = |a: &Value, b: &Value| {
        number(&a["left"]) < number(&b["right"])
            && number(&b["left"]) < number(&a["right"])
            && number(&a["top"]) < number(&b["bottom"])
            && number(&b["top"]) < number(&a["bottom"])
    };
    let badges: Vec<Value> = marks.iter().map(|mark| mark["badge"].clone()).collect();
    for boxes in [badges, list(&facts["ticks"])] {
        require(!boxes.is_empty(), "no marks or no ticks".into())?;
        for (index, one) in boxes.iter().enumerate() {
            let inside = number(&one["left"]) >= number(&facts["plot"]["left"]) - 0.5
                && number(&one["right"]) <= number(&facts["plot"]["right"]) + 0.5;
            require(inside, format!("{one} is outside the picture"))?;
            for other in &boxes[index + 1..] {
                require(!overlap(one, other), format!("{one} is over {other}"))?;
            }
        }
    }

    // Registers: the ones that differ are marked, and no others.
    if let Some(registers) = record["registers"].as_object() {
        let rows = [&registers["integer"], &registers["control"]].map(list).concat();
        let differing: Vec<&Value> = rows
            .iter()
            .filter(|row| row["golden"] != row["faulty"])
            .map(|row| &row["name"])
            .collect();
        require(facts["registers"] == 32, format!("{} registers", facts["registers"]))?;
        let marked = list(&facts["marked"]);
        require(
            marked.iter().collect::<Vec<_>>() == differing,
            format!("{marked:?} marked, and {differing:?} differ"),
        )?;
    }

    // Text can be read (4.5 is what WCAG asks for).
    for colours in list(&facts["colours"]) {
        let part = |index: usize| colours[index].as_str().unwrap_or_default().to_owned();
        let ratio = contrast(&part(1), &part(2));
        require(ratio >= 4.5, format!("{colours} has a contrast of {ratio:.1}"))?;
    }
    Ok(())
}

/// How a page is loaded: width of the window, and the fragment.
type View = (u32, &'static str);
const WIDE: View = (1280, "#light");
const NARROW: View = (420, "#linear,dark");

/// Loads a page in these ways, each in all its states.
fn look_at(folder: &Path, views: &[View]) -> Result<(), String> {
    let record: Value =
        serde_json::from_slice(&fs::read(folder.join("divergence.json")).expect("a record"))
            .expect("JSON");
    let page = fs::read_to_string(folder.join("index.html")).expect("a page");
    for &(width, fragment) in views {
        let mut facts = probe(&page, width, fragment);
        if fragment.contains("linear") {
            facts[0]["what"] = "first linear".into();
        }
        if facts.len() != 5 {
            return Err(format!("{} states", facts.len()));
        }
        for seen in &facts {
            if number(&seen["width"]) as u32 != width {
                return Err(format!("a window of {} instead of {width}", seen["width"]));
            }
            check(seen, &record).map_err(|text| format!("{width} wide, {text}"))?;
        }
        // The fragment counted, and the switches did something.
        let background =
            |index: usize| facts[index]["background"].as_str().unwrap_or("").to_owned();
        let (dark, light) = (background(3), background(4));
        if rgb(&dark).iter().sum::<f64>() > 0.6 || rgb(&light).iter().sum::<f64>() < 2.4 {
            return Err(format!("dark is {dark}, light is {light}"));
        }
        let wanted = if fragment.contains("dark") { &dark } else { &light };
        if background(0) != *wanted {
            return Err(format!("{fragment} gives {}", background(0)));
        }
    }
    Ok(())
}

/// A command of the tutorial, and the sentence below it.
struct Case {
    arguments: Vec<String>,
    name: String,
    sentence: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The cases of `docs/why.md`: lines `$ covert debug ... --out NAME`, each with its sentence behind it.
fn cases() -> Vec<Case> {
    let tutorial = fs::read_to_string(root().join("docs/why.md")).expect("the tutorial");
    let mut lines = tutorial.lines();
    let mut cases = Vec::new();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ covert ") else { continue };
        let arguments: Vec<String> =
            command.split(' ').map(|word| word.trim_matches('\'').to_owned()).collect();
        let name = arguments.last().expect("a name").clone();
        let sentence = lines.next().expect("a sentence").to_owned();
        cases.push(Case { arguments, name, sentence });
    }
    cases
}

#[test]
fn the_tutorials_cases_and_their_pages() {
    let cases = cases();
    assert!(cases.len() >= 3, "{} cases in docs/why.md", cases.len());
    let out = tempfile::tempdir().expect("a folder");
    let mut outcomes = HashSet::new();
    for case in &cases {
        let folder = out.path().join(&case.name);
        let mut arguments: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
        *arguments.last_mut().expect("a name") = text(&folder);
        let output = covert(&arguments).current_dir(root()).output().expect("runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        let said = String::from_utf8(output.stdout).expect("text");
        assert_eq!(
            said.lines().next(),
            Some(case.sentence.as_str()),
            "docs/why.md is out of date: docs/debug/cases.sh makes it anew; then read what it explains"
        );
        outcomes.insert(case.sentence.rsplit(' ').next().expect("a word").to_owned());
        let views: &[View] = if case.name == "caught" { &[WIDE, NARROW] } else { &[NARROW] };
        look_at(&folder, views).unwrap_or_else(|problem| panic!("{}: {problem}", case.name));
        let picture = root().join("docs/debug").join(format!("{}.png", case.name));
        let picture = fs::read(&picture).unwrap_or_else(|e| panic!("{}: {e}", picture.display()));
        assert!(picture.starts_with(b"\x89PNG") && picture.len() < 120_000, "{}", case.name);
    }
    assert!(outcomes.len() >= 2, "only {outcomes:?}");
    broken_pages_are_noticed(&out.path().join("caught"));
}

/// The checks above are worth something: pages with one thing wrong do not pass.
fn broken_pages_are_noticed(folder: &Path) {
    let page = fs::read_to_string(folder.join("index.html")).expect("a page");
    let break_it = |from: &str, to: &str, problem: &str| {
        assert!(page.contains(from), "the page has no {from}");
        let broken = tempfile::tempdir().expect("a folder");
        fs::copy(folder.join("divergence.json"), broken.path().join("divergence.json"))
            .expect("a record");
        fs::write(broken.path().join("index.html"), page.replacen(from, to, 1)).expect("a page");
        let found = look_at(broken.path(), &[WIDE]).expect_err("it is broken");
        assert!(found.contains(problem), "{found}");
    };
    break_it("function draw(scale) {", "function draw(scale) { return;", "lanes");
    break_it("const data = JSON.parse(", "const data = JSON.pars(", "the script failed");
    break_it("\"differs\":true", "\"differs\":false", "marked");
    break_it("Math.log1p(t) / Math.log1p(span)", "t / span", "instead of");
    break_it("max-width: 80rem;", "min-width: 90rem;", "wide in a window");
    break_it("--dim: light-dark(#5a6172,", "--dim: light-dark(#c0c4cc,", "contrast");
}
