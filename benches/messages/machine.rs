//! What the figures were measured on.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The processor, its cores, the kernel, and the disk of this folder.
pub fn described(folder: &Path) -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = model.map_or("an unknown processor", |(_, model)| model);
    format!("{model}, {cores} cores, Linux {}, {}", kernel.trim(), disk(folder))
}

/// The file system's kind, and whether its device spins.
fn disk(folder: &Path) -> String {
    let Ok(metadata) = fs::metadata(folder) else { return "an unknown disk".to_owned() };
    let device = format!("{}:{}", libc::major(metadata.dev()), libc::minor(metadata.dev()));
    // man 5 proc_pid_mountinfo: the device is the third field, the file system's kind follows a dash.
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some(&device));
    let kind = mount.and_then(|line| line.split_once(" - ")?.1.split(' ').next()).unwrap_or("unknown");
    let block = Path::new("/sys/dev/block").join(device);
    let name = block.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let spins =
        ["queue/rotational", "../queue/rotational"].iter().find_map(|at| fs::read_to_string(block.join(at)).ok());
    let device = match spins.as_deref().map(str::trim) {
        Some("0") => "a disk that does not spin",
        Some(_) => "a disk that spins, or is virtual",
        None => "no disk",
    };
    format!("{kind} on {} ({device})", name.as_deref().unwrap_or("no device"))
}

/// Whether `scripts/throwaway-postgres` would find its programs, or a cluster is there already.
pub fn has_postgres() -> bool {
    let found = r#"command -v psql && { compgen -G "/usr/lib/postgresql/*/bin/initdb" || command -v initdb; }"#;
    let mut command = Command::new("bash");
    command.args(["-c", found]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Processor time that this process has used by now, in seconds. Of the server and the database nothing is in it.
pub fn used_seconds() -> f64 {
    // SAFETY: a plain system call that fills the struct, for which all zeros are a value.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
