//! The folder of recordings.

use std::collections::HashSet;
use std::fs;

use confab_recorder::RecordingId;
use confab_recorder::library::{Library, LibraryError};

use crate::sound::tone;
use crate::{House, id, near};

fn ids(found: &[confab_recorder::library::Found]) -> Vec<&str> {
    found.iter().map(|f| f.id.0.as_str()).collect()
}

#[test]
fn what_is_there_and_what_ought_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::open(folder.path().join("a/b")).unwrap();
    assert_eq!(library.scan().unwrap(), []);
    for name in [
        "b.mp3",
        "a.mp3",
        "notes.txt",
        "c.part",
        ".hidden",
        "s p.mp3",
    ] {
        fs::write(folder.path().join("a/b").join(name), "sound").unwrap();
    }
    fs::create_dir(folder.path().join("a/b/folder.mp3")).unwrap();
    let found = library.scan().unwrap();
    assert_eq!(ids(&found), ["a", "b"]);
    assert_eq!(found[0].bytes, 5);
    assert!(found[0].modified_ms > 1_500_000_000_000);

    let known = HashSet::from([id("b"), id("gone"), id("also-gone")]);
    let differences = library.compare(&known).unwrap();
    assert_eq!(ids(&differences.orphans), ["a"]);
    assert_eq!(differences.missing, [id("also-gone"), id("gone")]);

    let deleted = library.delete(&id("a")).unwrap();
    assert_eq!(deleted.as_ref(), found.first());
    assert_eq!(library.delete(&id("a")).unwrap(), None);
    assert_eq!(ids(&library.scan().unwrap()), ["b"]);
}

#[test]
fn a_recording_is_measured() {
    let house = House::new();
    let library = Library::open(house.folder.path().to_owned()).unwrap();
    assert_eq!(library.path(&id("one")).unwrap(), house.path("one"));
    assert_eq!(library.measure(&id("one")).unwrap(), None);
    let (duration_ms, bytes) = house.record("one", 8_000, &tone(500.0, 8_000, 2_000));
    let measured = library.measure(&id("one")).unwrap().unwrap();
    assert_eq!((measured.duration_ms, measured.bytes), (duration_ms, bytes));
    near(measured.duration_ms, 2_000);
}

#[test]
fn ids_stay_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::open(folder.path().to_owned()).unwrap();
    let long = "x".repeat(65);
    for name in ["", ".", "..", "../x", "a/b", "a b", "a.b", "\0", "ü", &long] {
        let bad = RecordingId(name.into());
        for result in [library.path(&bad).err(), library.delete(&bad).err()] {
            assert!(matches!(result, Some(LibraryError::BadId(_))), "{name}");
        }
    }
    assert!(
        library
            .path(&id("0190b3a2-7c1e-7def-8000-0123456789ab"))
            .is_ok()
    );
}
