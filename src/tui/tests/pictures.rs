//! The pictures of the documentation are those that this program draws.

use std::fs;
use std::path::Path;

use crate::tui::{Recording, pictures};

#[test]
fn the_committed_pictures_are_those_of_this_program() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for (name, picture) in pictures().expect("the recording holds these runs") {
        let committed = fs::read_to_string(assets.join(name)).unwrap_or_default();
        assert!(
            committed == picture,
            "assets/{name} is not what the explorer looks like now; look at the new picture after \
             `cargo run --release -- screenshot assets`"
        );
    }
}

#[test]
fn the_recording_is_exact_and_small() {
    let recording = Recording::embedded().expect("a recording");
    assert_eq!(recording.runs.len(), 6);
    for run in &recording.runs {
        assert!(run.record.is_exact());
        assert_eq!(run.words().len(), run.record.params.ring_degree);
        assert!(run.words().iter().all(|word| *word <= run.record.params.limbs[0]));
        let times: Vec<u64> = run.events.iter().map(|event| event.0).collect();
        assert!(times.is_sorted() && times.iter().all(|ms| *ms <= run.finished_ms));
        assert_eq!(run.record.machine, recording.runs[0].record.machine);
    }
    let text = recording.to_json().expect("finite figures");
    assert!(text.len() < 100_000, "{}", text.len());
    assert_eq!(serde_json::from_str::<Recording>(&text).expect("a recording"), recording);
}
