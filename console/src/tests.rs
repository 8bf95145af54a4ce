//! The queue before pipes that are full, closed, and read again.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::queue::Queue;

fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_pipe_that_is_not_read_costs_lines_and_no_time() {
    static SINK: OnceLock<OwnedFd> = OnceLock::new();
    static QUEUE: Queue = Queue::new(|| SINK.get().unwrap().as_fd(), "a pipe");
    let (mut reader, writer) = std::io::pipe().unwrap();
    SINK.set(writer.into()).unwrap();
    let line = [b'x'; 1023];
    for _ in 0..4096 {
        QUEUE.push(&[&line[..], b"\n"].concat());
    }
    // 64 KiB are in the pipe, 1 MiB with the thread, 1 MiB waits.
    let lost = QUEUE.lost();
    assert!(lost >= 1900, "{lost}");
    // What was not lost arrives whole, once somebody reads.
    let mut text = vec![0; (4096 - lost as usize) * 1024];
    reader.read_exact(&mut text).unwrap();
    assert!(
        text.chunks(1024)
            .all(|line| line[1023] == b'\n' && line[0] == b'x')
    );
    QUEUE.push(b"again\n");
    let mut again = [0; 6];
    reader.read_exact(&mut again).unwrap();
    assert_eq!(&again, b"again\n");
}

#[test]
fn a_reader_that_has_gone_is_no_failure_and_the_end_does_not_wait_for_it() {
    static SINK: OnceLock<OwnedFd> = OnceLock::new();
    static QUEUE: Queue = Queue::new(|| SINK.get().unwrap().as_fd(), "a pipe");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    SINK.set(writer.into()).unwrap();
    QUEUE.push(b"nobody reads this\n");
    // Returns when the write has failed, long before its time is over.
    QUEUE.finish(Duration::from_secs(60));
    let line = [b'x'; 1024];
    (0..2048).for_each(|_| QUEUE.push(&line));
    wait_for("lines to be lost", || QUEUE.lost() > 0);
}

#[test]
fn a_full_disk_is_retried_until_there_is_space() {
    static FULL: OnceLock<OwnedFd> = OnceLock::new();
    static PIPE: OnceLock<OwnedFd> = OnceLock::new();
    static QUEUE: Queue = Queue::new(
        || PIPE.get().unwrap_or_else(|| FULL.get().unwrap()).as_fd(),
        "a disk",
    );
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    FULL.set(full.into()).unwrap();
    QUEUE.push(b"kept\n");
    // Returns when the write has failed.
    QUEUE.finish(Duration::from_secs(60));
    let (mut reader, writer) = std::io::pipe().unwrap();
    PIPE.set(writer.into()).unwrap();
    let mut line = [0; 5];
    reader.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"kept\n");
    assert_eq!(QUEUE.lost(), 0);
}
