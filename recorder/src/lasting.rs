//! Files that hold what nobody else on the machine may read, and that are still there after a power
//! cut. Knows nothing of what is in them.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// For the operator alone.
const FILE_MODE: u32 = 0o600;

/// Opens a file to be read and written, or makes it. Its owner alone may read it, also when others
/// could before.
///
/// # Errors
/// When it cannot be opened or made, and when it is no regular file: a device may have no end.
pub fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(FILE_MODE);
    let file = match options.clone().create_new(true).open(path) {
        Ok(file) => {
            // Else the name itself could be gone after a power cut.
            if let Some(folder) = path.parent() {
                File::open(folder)?.sync_all()?;
            }
            file
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => options.open(path)?,
        Err(e) => return Err(e),
    };
    let data = file.metadata()?;
    if !data.is_file() {
        let why = "it is no regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    if data.permissions().mode() & 0o777 != FILE_MODE {
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    }
    Ok((file, data))
}
