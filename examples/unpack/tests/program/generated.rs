// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Completions and the manual page.

use crate::Files;

/// The long options in `--help`.
fn options(files: &Files) -> Vec<String> {
    let run = files.unpack("--help");
    let lines = run.text().lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let names = lines.filter_map(|line| {
        let name = line.split_once("--")?.1;
        name.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()
    });
    let options: Vec<_> = names.map(str::to_string).collect();
    for expected in ["output", "force", "test", "list", "decompress", "threads", "man", "version"] {
        assert!(options.iter().any(|option| option == expected), "{expected} in {options:?}");
    }
    assert!(options.len() > 20, "{options:?}");
    options
}

#[test]
fn completions_know_all_options() {
    let files = Files::new(&[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = files.unpack(&format!("--completions {shell}"));
        assert_eq!((run.status, run.err.as_str()), (0, ""), "{shell}");
        for option in options(&files) {
            let spelled = [format!("--{option}"), format!("-l {option}")];
            assert!(spelled.iter().any(|name| run.text().contains(name)), "{shell}: {option}");
        }
        assert!(!run.text().contains("no-sparse"), "{shell}");
    }
    let run = files.unpack("--completions tcsh");
    assert_eq!(run.status, 2);
}

#[test]
fn the_manual_page_knows_all_options() {
    let files = Files::new(&[]);
    let run = files.unpack("--man");
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    let page = run.text().replace('\\', "");
    assert!(page.contains(".TH unpack 1"), "{page}");
    for option in options(&files) {
        assert!(page.contains(&format!("--{option}")), "{option}");
    }
    for heading in ["EXIT STATUS", "EXAMPLES", "SEE ALSO"] {
        assert!(page.contains(heading), "{heading}");
    }
}
