//! A backup that is read while it goes on, whose manifest says anything, and folders that others have made.

use super::*;

#[test]
fn a_backup_that_goes_on_is_restored_as_it_is_then() {
    let bed = Bed::new();
    bed.put_snapshot(1, 9);
    bed.back_up(Durable::Stopped).unwrap();
    let mut reads = 0;
    let to = bed.folder.path().join("new");
    let restored = Stored::read(&bed.copy(), &mut |stored| {
        reads += 1;
        if reads == 1 {
            // The key table that it names, and the snapshot, go.
            fs::remove_file(bed.data().join(FileName::Snapshot(1).to_string())).unwrap();
            bed.put_snapshot(2, 9);
            bed.keys().rotate().unwrap();
            bed.grow();
            bed.back_up(Durable::Stopped).unwrap();
        }
        stored.restore(&keys_of(stored)?, &to, None, &mut |_, _| {})
    });
    assert_eq!((reads, restored.unwrap().last), (2, bed.stored().last()));
    assert_eq!(bed.records("new"), bed.records("data"));
    // One that is damaged does not become better.
    fs::remove_file(bed.copy().join(FileName::Snapshot(2).to_string())).unwrap();
    reads = 0;
    let error = Stored::read(&bed.copy(), &mut |stored| {
        reads += 1;
        stored.verify(&keys_of(stored)?, None, &mut |_, _| {})
    });
    assert!(matches!(error, Err(BackupError::Disk { .. })), "{error:?}");
    assert_eq!(reads, 1);
}

#[test]
fn lengths_and_places_of_a_manifest_may_be_any_numbers() {
    let bed = Bed::new();
    bed.back_up(Durable::Stopped).unwrap();
    let good = bed.stored().manifest;
    let names: Vec<FileName> = good.files.keys().copied().collect();
    for bytes in [u64::MAX, u64::MAX / 2, 1 << 63] {
        for name in &names {
            let mut manifest = good.clone();
            let copy = manifest.files.get_mut(name).unwrap();
            copy.bytes = bytes;
            fs::write(bed.copy().join("manifest.jsonl"), manifest.to_text()).unwrap();
            assert!(bed.verify().is_err(), "{name}");
            assert!(bed.restore("new", None).is_err(), "{name}");
        }
    }
    let oldest = good.segments()[0].0;
    for position in [0, 4096, 1 << 40, u64::MAX] {
        let mut manifest = good.clone();
        let copy = manifest.files.get_mut(&oldest).unwrap();
        let segment = copy.segment.as_mut().unwrap();
        let (_, sequence, chain) = segment.end.to_stored();
        segment.end = Cut::from_stored((position, sequence, chain)).unwrap();
        fs::write(bed.copy().join("manifest.jsonl"), manifest.to_text()).unwrap();
        assert!(bed.verify().is_err(), "{position}");
        assert!(bed.back_up(Durable::Stopped).is_err(), "{position}");
    }
}

#[test]
fn a_restore_clears_only_what_another_one_left() {
    let bed = Bed::new();
    bed.back_up(Durable::Stopped).unwrap();
    let new = bed.folder.path().join("new.restoring");
    let theirs = new.join("thesis.txt");
    fs::create_dir(&new).unwrap();
    fs::write(&theirs, "mine").unwrap();
    let error = bed.restore("new", None).unwrap_err();
    assert!(matches!(error, BackupError::InTheWay { .. }), "{error}");
    assert!(theirs.exists() && !bed.folder.path().join("new").exists());
    fs::remove_dir_all(&new).unwrap();
    // One that was killed has left its lock, and some files.
    fs::create_dir_all(new.join("journal")).unwrap();
    fs::write(new.join("tessera-restore.lock"), "").unwrap();
    fs::write(new.join("journal/half"), "x").unwrap();
    let held = fs::File::open(new.join("tessera-restore.lock")).unwrap();
    held.lock().unwrap();
    let error = bed.restore("new", None).unwrap_err();
    assert!(matches!(error, BackupError::InUse { .. }), "{error}");
    drop(held);
    bed.restore("new", None).unwrap();
    assert_eq!(bed.records("new"), bed.records("data"));
    assert!(!new.exists());
    let names = fs::read_dir(bed.folder.path().join("new")).unwrap();
    let mut names: Vec<_> = names.map(|it| it.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["archive", "journal", "keys.table"]);
}
