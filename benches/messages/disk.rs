//! What the disk does by itself.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

const LENGTH: Duration = Duration::from_secs(1);

/// Writes 4 KiB and waits until the disk has them, over and over, in a file of this folder: times a second. The file has
/// its length beforehand, as a database's log has: no size changes.
pub fn syncs_a_second(folder: &Path) -> f64 {
    let path = folder.join("fdatasync");
    let mut file = File::create(&path).expect("a file in the folder");
    let page = [0xA5; 4096];
    file.write_all(&page).expect("room on the disk");
    file.sync_all().expect("a disk");
    let start = Instant::now();
    let mut syncs = 0u32;
    while start.elapsed() < LENGTH {
        file.seek(SeekFrom::Start(0)).expect("a file with a beginning");
        file.write_all(&page).expect("room on the disk");
        file.sync_data().expect("a disk");
        syncs += 1;
    }
    let rate = f64::from(syncs) / start.elapsed().as_secs_f64();
    std::fs::remove_file(path).expect("a file of our own");
    rate
}
