//! The machine on which a run was made, and the build that made it: figures of two runs can only be compared by a person
//! who knows both.

use serde::{Deserialize, Serialize};

/// A machine, as far as it says; empty or zero where it does not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    /// Name of the processor.
    pub model: String,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Operating system and version of the kernel.
    pub kernel: String,
    /// Instruction set.
    pub architecture: String,
}

/// The build of the load generator.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Product {
    /// Its version.
    pub version: String,
    /// Its commit, where the build knows it.
    pub commit: Option<String>,
    /// Whether it is optimized: figures of a debug build say little.
    pub optimized: bool,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let release = read("/proc/sys/kernel/osrelease");
        Self {
            cores,
            model: value(&read("/proc/cpuinfo"), "model name").to_owned(),
            memory_mib: memory_mib(&read("/proc/meminfo")),
            kernel: format!("{} {}", std::env::consts::OS, release.trim())
                .trim()
                .to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
        }
    }

    /// In one line.
    pub fn words(&self) -> String {
        let mut parts = vec![match self.cores {
            1 => "1 core".to_owned(),
            cores => format!("{cores} cores"),
        }];
        if !self.model.is_empty() {
            parts.push(self.model.clone());
        }
        if self.memory_mib > 0 {
            parts.push(format!("{:.1} GiB", self.memory_mib as f64 / 1_024.0));
        }
        parts.push(format!("{} {}", self.kernel, self.architecture));
        parts.join(", ")
    }
}

impl Product {
    /// This one.
    pub fn this() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("TESSERA_COMMIT").map(str::to_owned),
            optimized: !cfg!(debug_assertions),
        }
    }

    /// In one line.
    pub fn words(&self) -> String {
        let commit = self.commit.as_deref();
        let commit = commit.map_or(String::new(), |commit| format!(" ({commit})"));
        let debug = if self.optimized { "" } else { ", debug build" };
        format!("tessera {}{commit}{debug}", self.version)
    }
}

/// What stands behind `name :` in a file of `/proc`, at its first line.
fn value<'t>(text: &'t str, name: &str) -> &'t str {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(key, _)| key.trim() == name);
    found.map_or("", |(_, value)| value.trim())
}

fn memory_mib(meminfo: &str) -> u64 {
    let kib = value(meminfo, "MemTotal").trim_end_matches("kB").trim();
    kib.parse::<u64>().unwrap_or(0) / 1_024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_says() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Example CPU @ 3 GHz\n\nmodel name\t: Other\n";
        assert_eq!(value(cpuinfo, "model name"), "Example CPU @ 3 GHz");
        assert_eq!(value(cpuinfo, "stepping"), "");
        assert_eq!(
            memory_mib("MemTotal:        8138740 kB\nMemFree: 1 kB\n"),
            7_947
        );
        assert_eq!(memory_mib(""), 0);
    }

    #[test]
    fn this_machine_has_cores_and_a_kernel() {
        let machine = Machine::this();
        assert!(
            machine.cores > 0 && !machine.kernel.is_empty(),
            "{machine:?}"
        );
        assert!(machine.words().contains("core"), "{}", machine.words());
        let shown = Product::this().words();
        assert!(shown.contains(env!("CARGO_PKG_VERSION")), "{shown}");
    }
}
