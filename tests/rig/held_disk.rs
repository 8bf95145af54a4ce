//! A disk that can be held: what the switch then writes to its journal waits before any of it is on the disk, so that a kill loses
//! it. A library in front of the C library, made with the compiler that links our programs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::Rig;

/// Each write at an offset of a file asks first whether it is a segment, and whether there is the file that holds them.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef ssize_t (*write_at)(int, const void *, size_t, off64_t);

static void wait_while_held(int file) {
    static const char segment[] = ".journal";
    const size_t ending = sizeof segment - 1;
    const char *held = getenv("TESSERA_TEST_HELD");
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path);
    if (held == NULL || length < (ssize_t)ending || memcmp(path + length - ending, segment, ending) != 0)
        return;
    while (access(held, F_OK) == 0)
        usleep(1000);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    wait_while_held(file);
    return ((write_at)dlsym(RTLD_NEXT, "pwrite64"))(file, bytes, count, offset);
}
"#;

/// The disk below the journal of a rig's switch.
pub struct HeldDisk {
    held: PathBuf,
}

impl HeldDisk {
    /// Of the switches that this rig starts from now on; not held.
    pub fn of(rig: &mut Rig) -> Self {
        let (source, library) = (rig.path("held_disk.c"), rig.path("held_disk.so"));
        fs::write(&source, SOURCE).expect("a file");
        let made = Command::new("cc")
            .args(["-O1", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output()
            .expect("a C compiler");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{said}");
        let held = rig.path("held");
        rig.environment.push(("LD_PRELOAD", library));
        rig.environment.push(("TESSERA_TEST_HELD", held.clone()));
        Self { held }
    }

    pub fn hold(&self) {
        fs::write(&self.held, "").expect("a file");
    }

    pub fn release(&self) {
        fs::remove_file(&self.held).expect("it is held");
    }
}
