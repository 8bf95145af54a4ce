//! A backup over a line that is lost at any byte, and a sender that sends anything.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::*;
use crate::follow::{Asked, follow};
use crate::frames::{Kind, receive, send, send_hello};
use crate::receive::serve;
use crate::remote::Remote;

/// Lets so many bytes through, then ends.
struct Cut {
    line: UnixStream,
    left: usize,
}

impl Write for Cut {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(self.left)];
        self.left -= bytes.len();
        match self.line.write(bytes)? {
            0 => {
                let _ = self.line.shutdown(std::net::Shutdown::Write);
                Err(io::ErrorKind::BrokenPipe.into())
            }
            written => Ok(written),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.line.flush()
    }
}

/// Runs a sender against a receiver of this folder, which ends with it.
fn over_a_line<T>(
    folder: &Path,
    bytes: usize,
    sends: impl FnOnce(UnixStream, Cut) -> T,
) -> (T, Result<(), BackupError>) {
    let (near, far) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        let served = scope.spawn(|| {
            let served = serve(folder, &far, &far, &|_| {});
            // As a process that ends; the sender may have gone before.
            let _ = far.shutdown(std::net::Shutdown::Both);
            served
        });
        let cut = Cut {
            line: near.try_clone().unwrap(),
            left: bytes,
        };
        let sent = sends(near.try_clone().unwrap(), cut);
        let _ = near.shutdown(std::net::Shutdown::Both);
        (sent, served.join().unwrap())
    })
}

pub(super) fn back_up_over_a_line(bed: &Bed, bytes: usize) -> Result<Copied, BackupError> {
    let backed_up = over_a_line(&bed.copy(), bytes, |input, output| {
        let mut remote = Remote::greet(input, output)?;
        back_up(&bed.data(), &mut remote, Durable::Stopped)
    });
    backed_up.0
}

#[test]
fn a_copy_over_a_line_is_that_of_a_folder() {
    let bed = Bed::new();
    let vault = Vault::for_tests(&bed.data());
    vault
        .seal(WalletId(1), Purpose::Contact, b"a@b.example")
        .unwrap();
    back_up_over_a_line(&bed, usize::MAX).unwrap();
    bed.verify().unwrap();
    bed.grow();
    let second = back_up_over_a_line(&bed, usize::MAX).unwrap();
    assert!(second.bytes > 0);
    bed.verify().unwrap();
    // A backup of this machine goes on with it.
    assert_eq!(bed.back_up(Durable::Stopped).unwrap().bytes, 0);
    bed.restore("new", None).unwrap();
    assert_eq!(bed.records("new"), bed.records("data"));
}

#[test]
fn a_line_that_is_lost_anywhere_leaves_the_copy_before() {
    let bed = Bed::new();
    let before = back_up_over_a_line(&bed, usize::MAX).unwrap();
    bed.grow();
    for bytes in (0..).step_by(997) {
        let copied = back_up_over_a_line(&bed, bytes);
        bed.verify().unwrap();
        let last = bed.stored().last();
        if copied.is_ok() {
            assert!(bytes > 5_000);
            assert!(last > before.last);
            break;
        }
        // The last answer may be lost behind a commit.
        assert!(last == before.last || bytes > 5_000, "{bytes}");
    }
}

#[test]
fn a_receiver_refuses_what_is_no_file_of_a_backup() {
    let bed = Bed::new();
    let piece = |name: &str| {
        let length = (name.len() as u16).to_le_bytes();
        [&0_u64.to_le_bytes()[..], &length, name.as_bytes(), b"x"].concat()
    };
    let finish = |name: &str| [&1_u64.to_le_bytes()[..], name.as_bytes()].concat();
    for (kind, body) in [
        (
            Kind::Write,
            piece("../journal/00000000000000000000.journal"),
        ),
        (Kind::Write, piece("/etc/passwd")),
        (Kind::Write, piece("manifest.jsonl")),
        (Kind::Write, vec![0; 9]),
        (
            Kind::Write,
            [0; 8].into_iter().chain([255, 255, 65]).collect(),
        ),
        (Kind::Finish, finish("keys/1/../../x")),
        (Kind::Finish, vec![]),
        (Kind::Commit, vec![]),
        (Kind::Refused, vec![]),
        (Kind::Hello, vec![]),
    ] {
        let (refused, served) = over_a_line(&bed.copy(), usize::MAX, |mut input, mut output| {
            send_hello(&mut output).unwrap();
            send(&mut output, kind, &[&body]).unwrap();
            let (mut body, mut last) = (Vec::new(), None);
            while let Ok(Some(kind)) = receive(&mut input, &mut body) {
                last = Some(kind);
            }
            last
        });
        assert_eq!(refused, Some(Kind::Refused), "{kind:?}");
        assert!(served.is_err());
    }
    let files = fs::read_dir(bed.folder.path()).unwrap().count();
    assert_eq!(files, 2, "data and copy");
}

#[test]
fn frames_are_bounded_and_both_sides_are_the_same_version() {
    let bed = Bed::new();
    for (bytes, wanted) in [
        (
            &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
            "login scripts print nothing",
        ),
        (&[1, 255, 255, 255, 255][..], "too long"),
        (&[1, 27, 0, 0, 0][..], "the line"),
        (
            b"\x01\x1b\0\0\0tessera backup protocol\x02\0\0\0",
            "version 2",
        ),
    ] {
        let (_, served) = over_a_line(&bed.copy(), usize::MAX, |_, mut output| {
            output.write_all(bytes).unwrap();
        });
        let error = served.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
        // The other way round.
        let (mut near, far) = UnixStream::pair().unwrap();
        near.write_all(bytes).unwrap();
        near.shutdown(std::net::Shutdown::Write).unwrap();
        let error = Remote::greet(far.try_clone().unwrap(), far).err().unwrap();
        assert!(error.to_string().contains(wanted), "{error}");
        let _ = near.read(&mut [0; 64]);
    }
    let (error, _) = over_a_line(&bed.data(), usize::MAX, Remote::greet);
    let error = error.err().unwrap().to_string();
    assert!(
        error.contains("on the other side") && error.contains("not empty"),
        "{error}"
    );
}

#[test]
fn a_reason_reaches_the_one_that_sends_also_while_it_sends() {
    let (near, far) = UnixStream::pair().unwrap();
    send_hello(&mut &far).unwrap();
    send(&mut &far, Kind::Refused, &[b"the disk is full"]).unwrap();
    let is_refused = |error: BackupError| matches!(error, BackupError::Refused(why) if why == "the disk is full");
    // The greeting is in the line, and the reason behind it; what is sent is read by nobody.
    let closed = Cut {
        line: near.try_clone().unwrap(),
        left: 100,
    };
    let mut remote = Remote::greet(near, closed).unwrap();
    let piece = vec![7; 1 << 20];
    let error = remote.write(FileName::Segment(0), 0, &piece).unwrap_err();
    assert!(is_refused(error));
}

#[test]
fn a_manifest_that_is_too_long_is_refused_as_that() {
    let mut text = crate::frames::Text::default();
    text.add(b"1234", 9).unwrap();
    text.add(b"56789", 9).unwrap();
    let error = text.add(b"0", 9).unwrap_err().to_string();
    assert!(error.contains("too long"), "{error}");
    assert_eq!(text.take(), b"123456789");
    text.add(b"12345", 9).unwrap();
}

#[test]
fn while_a_receiver_works_it_does_not_wait_for_the_one_that_sends() {
    let bed = Bed::new();
    let (near, far) = UnixStream::pair().unwrap();
    let name = FileName::Snapshot(1).to_string();
    send_hello(&mut &near).unwrap();
    let length = (name.len() as u16).to_le_bytes();
    let piece = [&0_u64.to_le_bytes()[..], &length, name.as_bytes(), b"x"].concat();
    send(&mut &near, Kind::Write, &[&piece]).unwrap();
    let bytes = 1_u64.to_le_bytes();
    send(&mut &near, Kind::Finish, &[&bytes, name.as_bytes()]).unwrap();
    near.shutdown(std::net::Shutdown::Write).unwrap();
    let waits = std::cell::RefCell::new(Vec::new());
    let file = bed.copy().join(&name);
    serve(&bed.copy(), &far, &far, &|waiting| {
        let length = fs::metadata(&file).map_or(0, |it| it.len());
        waits.borrow_mut().push((waiting, length));
    })
    .unwrap();
    // It has opened the folder; written; synced and read back.
    let expected = [
        (true, 0),
        (false, 0),
        (true, 0),
        (false, 0),
        (true, 1),
        (false, 1),
        (true, 1),
    ];
    assert_eq!(waits.into_inner(), expected);
}

#[test]
fn a_receiver_keeps_what_a_manifest_would_take_away() {
    let bed = Bed::new();
    bed.back_up(Durable::Stopped).unwrap();
    let good = bed.stored().manifest;
    let segments = good.segments();
    let (oldest, newest) = (segments[0].0, segments[segments.len() - 1].0);
    let sends = |manifest: &Manifest| {
        let sent = over_a_line(&bed.copy(), usize::MAX, |input, output| {
            let mut remote = Remote::greet(input, output)?;
            remote.manifest()?;
            remote.commit(manifest)
        });
        sent.0
    };
    let without = |names: &[FileName]| {
        let mut manifest = good.clone();
        manifest.files.retain(|name, _| !names.contains(name));
        manifest
    };
    let all: Vec<_> = segments.iter().map(|(name, ..)| *name).collect();
    for less in [&[oldest][..], &[newest], &all] {
        let error = sends(&without(less)).unwrap_err().to_string();
        assert!(error.contains("another journal"), "{error}");
        assert_eq!(bed.stored().manifest, good);
        bed.verify().unwrap();
    }
    sends(&good).unwrap();
    bed.verify().unwrap();
}

#[test]
fn a_copy_follows_large_snapshots_while_older_ones_and_segments_go() {
    let bed = Bed::new();
    // From here on a batch has seven records.
    let durable = AtomicU64::new(bed.records("data").len() as u64);
    let mut traffic = bed.traffic();
    (0..2).for_each(|_| traffic.round(WALLETS));
    traffic.close();
    let (older, newer) = ([1, 2], segments(&bed.data()));
    older.iter().for_each(|mark| bed.put_snapshot(*mark, 9_000));
    let large = [1, 2, 3].map(|back| newer[newer.len() - back] + 1);
    let keys = bed.keys();
    let mut backup = Backup::new(&Location::in_data(&bed.data(), &keys), keys);
    let ask = || Asked::Durable(Sequence::from_stored(durable.load(Ordering::Relaxed)));
    let stops = AtomicBool::new(false);
    let mut folder = Folder::open(&bed.copy()).unwrap();
    let mut copies = 0;
    follow(&mut backup, &mut folder, &ask, &stops, &mut || {
        copies += 1;
        match copies {
            // More than is copied between two questions, all at once, and while the older ones go.
            1 => large
                .into_iter()
                .for_each(|mark| bed.put_snapshot(mark, 10 << 20)),
            2 | 3 => {
                let older = FileName::Snapshot(older[copies - 2]).to_string();
                fs::remove_file(bed.data().join(older)).unwrap();
            }
            5 => bed.prune(),
            _ => {}
        }
        durable.fetch_add(7, Ordering::Relaxed);
        stops.store(copies == 9, Ordering::Relaxed);
        thread::current().unpark();
    })
    .unwrap();
    bed.verify().unwrap();
    let manifest = bed.stored().manifest;
    for mark in large {
        assert!(manifest.files.contains_key(&FileName::Snapshot(mark)));
    }
    assert!(manifest.segments()[0].2.first > 1);
    for mark in older {
        assert!(!manifest.files.contains_key(&FileName::Snapshot(mark)));
    }
}

#[test]
fn a_copy_follows_what_becomes_durable() {
    let bed = Bed::new();
    let all = bed.records("data");
    let keys = bed.keys();
    let location = Location::in_data(&bed.data(), &keys);
    let mut backup = Backup::new(&location, keys);
    // A batch has seven records.
    let durable = AtomicU64::new(7);
    let stops = AtomicBool::new(false);
    let mut folder = Folder::open(&bed.copy()).unwrap();
    let ask = || Asked::Durable(Sequence::from_stored(durable.load(Ordering::Relaxed)));
    let mut copies = 0;
    follow(&mut backup, &mut folder, &ask, &stops, &mut || {
        let known = durable.load(Ordering::Relaxed);
        assert_eq!(bed.stored_last(), Some(known));
        bed.verify().unwrap();
        copies += 1;
        durable.store(known + 7, Ordering::Relaxed);
        stops.store(copies == 6, Ordering::Relaxed);
        thread::current().unpark();
    })
    .unwrap();
    assert_eq!(copies, 6);
    // The switch is gone: its journal is read to its end.
    stops.store(false, Ordering::Relaxed);
    follow(
        &mut backup,
        &mut folder,
        &|| Asked::Nobody,
        &stops,
        &mut || {
            assert_eq!(bed.stored_last(), Some(all.len() as u64));
            stops.store(true, Ordering::Relaxed);
            thread::current().unpark();
        },
    )
    .unwrap();
}
