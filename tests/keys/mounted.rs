//! A keyring in a volume as kubelet mounts a Secret (AtomicWriter and SetVolumeOwnership of Kubernetes): every file
//! is a link through `..data` to a directory that is swapped as a whole.

use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use edgemint::keyring::{Keyring, KeyringError, Location, Store};
use tempfile::TempDir;

use super::support::{NOBODY, Place, Ran, is_root, now, set_mode};
use crate::programs::left_out;

/// What `fsGroup` names: a group that nobody is in but who is put there.
const FS_GROUP: u32 = 54321;

struct Volume {
    parent: TempDir,
    versions: u32,
    mode: u32,
}

impl Volume {
    /// A volume with the files of a keyring, with `defaultMode: mode`.
    fn of(keys: &Path, mode: u32) -> Self {
        let parent = tempfile::tempdir().unwrap();
        set_mode(parent.path(), 0o755);
        let root = parent.path().join("keys");
        fs::create_dir(&root).unwrap();
        set_mode(&root, 0o1777);
        let mut volume = Self { parent, versions: 0, mode };
        volume.update(keys);
        volume
    }

    fn root(&self) -> PathBuf {
        self.parent.path().join("keys")
    }

    /// Puts the files of `keys` in the place of what is there: a new directory, `..data_tmp`, a rename, and the
    /// end of the old directory.
    fn update(&mut self, keys: &Path) {
        let root = self.root();
        self.versions += 1;
        let version = format!("..2026_11_21_14_00_00.{:010}", self.versions);
        fs::create_dir(root.join(&version)).unwrap();
        set_mode(&root.join(&version), 0o755);
        for entry in fs::read_dir(keys).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.starts_with('.') {
                continue;
            }
            let file = root.join(&version).join(&name);
            fs::copy(keys.join(&name), &file).unwrap();
            set_mode(&file, self.mode);
            if fs::symlink_metadata(root.join(&name)).is_err() {
                symlink(Path::new("..data").join(&name), root.join(&name)).unwrap();
            }
        }
        let old = fs::read_link(root.join("..data")).ok();
        symlink(&version, root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
        if let Some(old) = old {
            fs::remove_dir_all(root.join(old)).unwrap();
        }
    }

    /// What `fsGroup` does to a volume that is only read.
    fn give_to_group(&self, group: u32) {
        let (root, version) = (self.root(), self.version());
        let files = fs::read_dir(&version).unwrap().map(|entry| entry.unwrap().path());
        for file in files {
            chown(&file, None, Some(group)).unwrap();
            set_mode(&file, self.mode | 0o440);
        }
        for (directory, mode) in [(&version, 0o2755), (&root, 0o3777)] {
            chown(directory, None, Some(group)).unwrap();
            set_mode(directory, mode);
        }
        lchown(root.join("..data"), None, Some(group)).unwrap();
    }

    fn version(&self) -> PathBuf {
        self.root().join(fs::read_link(self.root().join("..data")).unwrap())
    }

    fn load(&self) -> Result<Keyring, KeyringError> {
        now(async { Store::open(Location::Directory(self.root())).await?.load().await })
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_as(&mut Command::new(env!("CARGO_BIN_EXE_edgemint")), arguments)
    }

    /// Runs a command as a user who is not root and is in this group.
    fn run_in_group(&self, group: u32, arguments: &[&str]) -> Ran {
        let binary = self.parent.path().join("edgemint");
        if !binary.exists() {
            fs::copy(env!("CARGO_BIN_EXE_edgemint"), &binary).unwrap();
            set_mode(&binary, 0o755);
        }
        self.run_as(Command::new(&binary).uid(NOBODY).gid(group), arguments)
    }

    fn run_as(&self, command: &mut Command, arguments: &[&str]) -> Ran {
        command.args(arguments).current_dir(self.parent.path());
        Ran::from(command.env_remove("EDGEMINT_KEYRING__DIRECTORY").output().unwrap())
    }

    /// Nothing reads the keyring.
    fn is_refused(&self, words: &[&str]) {
        self.run(&["keys", "list"]).is_refusal(words);
        assert!(self.load().is_err());
    }
}

fn keyring() -> (Place, String) {
    Place::with_key(&["--key-pair-id", "K1"])
}

#[test]
fn a_mounted_keyring_is_read() {
    let (place, id) = keyring();
    for mode in [0o400, 0o600] {
        let volume = Volume::of(&place.keys(), mode);
        let ran = volume.run(&["keys", "public", &id]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert_eq!(ran.stdout, place.succeeds(&["keys", "public", &id]).stdout);
        assert_eq!(volume.load().unwrap().active().unwrap().id().as_str(), id);
        let list = volume.run(&["keys", "list"]);
        assert!(list.stdout.contains(&id) && list.stderr.is_empty(), "{}", list.stderr);
    }
}

#[test]
fn a_mounted_keyring_is_not_written() {
    let (place, id) = Place::with_key(&[]);
    let (other, other_id) = keyring();
    let volume = Volume::of(&place.keys(), 0o400);
    let pem = other.pem(&other_id);
    let entries = || fs::read_dir(volume.root()).unwrap().count();
    let before = entries();
    for command in [
        &["keys", "activate", &id, "--key-pair-id", "K1"][..],
        &["keys", "init", "--algorithm", "ecdsa-p256"],
        &["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K2"],
    ] {
        volume
            .run(command)
            .is_refusal(&["`keys` is a mounted volume, which is only read", "--store secretsmanager:NAME"]);
    }
    assert_eq!(entries(), before, "not even a lock is left there");
}

#[test]
fn a_group_of_the_pod_may_read_and_nobody_else() {
    if !is_root() {
        return left_out("mounted volumes of another owner (needs root)");
    }
    let (place, id) = keyring();
    let volume = Volume::of(&place.keys(), 0o400);
    volume.give_to_group(FS_GROUP);
    let ran = volume.run_in_group(FS_GROUP, &["keys", "public", &id]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));

    volume
        .run_in_group(NOBODY, &["keys", "list"])
        .is_refusal(&["may not read `keys/keyring.json`", "fsGroup"]);
    // Root can read anything, and the group is one that it is not in.
    volume.is_refused(&["keys/keyring.json` is open to other users (mode 0440)", "defaultMode: 0400"]);

    let pem = volume.version().join(format!("{id}.pem"));
    for mode in [0o444, 0o460, 0o450, 0o442, 0o644, 0o777] {
        set_mode(&pem, mode);
        let words = [format!("(mode {mode:04o})"), "defaultMode: 0400".to_owned()];
        volume
            .run_in_group(FS_GROUP, &["keys", "public", &id])
            .is_refusal(&words.each_ref().map(String::as_str));
    }
}

#[test]
fn what_all_users_may_read_is_refused() {
    let (place, _) = keyring();
    // 0644 is what Kubernetes takes unless told otherwise.
    for mode in [0o644, 0o444, 0o404] {
        Volume::of(&place.keys(), mode).is_refused(&["keys/keyring.json", "defaultMode: 0400"]);
    }
}

#[test]
fn a_volume_in_which_somebody_else_could_swap_the_files_is_refused() {
    let (place, _) = keyring();
    let volume = Volume::of(&place.keys(), 0o400);
    // Without the sticky bit, anybody may replace the link.
    set_mode(&volume.root(), 0o777);
    volume.is_refused(&["directory `keys` can be written by other users (mode 0777)"]);
    set_mode(&volume.root(), 0o1777);
    set_mode(&volume.version(), 0o1777);
    volume.is_refused(&["directory `keys/..data` can be written by other users (mode 1777)"]);
    set_mode(&volume.version(), 0o755);
    volume.load().unwrap();
    if !is_root() {
        return left_out("mounted volumes of another owner (needs root)");
    }
    lchown(volume.root().join("..data"), Some(NOBODY), None).unwrap();
    volume.is_refused(&["`keys/..data` belongs to user 65534"]);
    lchown(volume.root().join("..data"), Some(0), None).unwrap();
    chown(volume.version(), Some(NOBODY), None).unwrap();
    volume.is_refused(&["`keys/..data` belongs to user 65534"]);
    chown(volume.version(), Some(0), None).unwrap();
    chown(volume.version().join("keyring.json"), Some(NOBODY), None).unwrap();
    volume.is_refused(&["`keys/keyring.json` belongs to user 65534"]);
}

#[test]
fn a_link_that_leads_out_of_the_volume_is_refused() {
    let (place, id) = keyring();
    let volume = Volume::of(&place.keys(), 0o400);
    let data = volume.root().join("..data");
    let absolute = volume.version();
    let name = absolute.file_name().unwrap().to_str().unwrap().to_owned();
    symlink(&name, volume.root().join("again")).unwrap();
    let through = format!("../keys/{name}");
    for target in
        [absolute.to_str().unwrap(), through.as_str(), ".", "..", "nowhere", "keyring.json", "again"]
    {
        fs::remove_file(&data).unwrap();
        symlink(target, &data).unwrap();
        volume.is_refused(&["`keys/..data` does not lead to a directory beside it"]);
    }
    fs::remove_file(&data).unwrap();
    fs::create_dir(&data).unwrap();
    volume.is_refused(&["`keys/..data` does not lead to a directory beside it"]);
    fs::remove_dir(&data).unwrap();
    // Without the link it is a directory like any other, and anybody could write in this one.
    volume.is_refused(&["directory `keys` can be written by other users (mode 1777)"]);

    symlink(&name, &data).unwrap();
    let pem = volume.version().join(format!("{id}.pem"));
    fs::remove_file(&pem).unwrap();
    symlink(place.pem(&id), &pem).unwrap();
    volume.run(&["keys", "public", &id]).is_refusal(&["is a symbolic link"]);
}

#[test]
fn a_volume_that_is_swapped_is_read_as_one_version_or_the_other() {
    let ((one, first), (two, second)) = (keyring(), keyring());
    let mut volume = Volume::of(&one.keys(), 0o400);
    let store = now(Store::open(Location::Directory(volume.root()))).unwrap();
    let active = |keyring: Keyring| keyring.active().unwrap().id().to_string();
    assert_eq!(active(now(store.load()).unwrap()), first);
    volume.update(&two.keys());
    assert_eq!(active(now(store.load()).unwrap()), second);

    let stop = AtomicBool::new(false);
    let loaded = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut loaded = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                loaded.push(now(store.load()).map(active));
            }
            loaded
        });
        for _ in 0..200 {
            volume.update(&one.keys());
            volume.update(&two.keys());
        }
        stop.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(loaded.len() > 20, "{}", loaded.len());
    for active in loaded {
        let active = active.unwrap();
        assert!(active == first || active == second);
    }
}
