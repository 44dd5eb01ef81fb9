//! What becomes of image files: replaced as a whole, or left alone.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::disk::{Place, Signature, load};
use crate::session::Conclusion;

/// A folder with one image: two chunks of sevens, the second incomplete.
struct Scene {
    folder: tempfile::TempDir,
}

const LENGTH: usize = 100_000;

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("disk.img"), [7; LENGTH]).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self, name: &str) -> Disk {
        load(&self.path(name), Place::BySize, Signature::Ignored).unwrap()
    }

    fn plan(
        &self,
        write: bool,
        save: &[(Option<Drive>, &str)],
        disks: &[Disk],
    ) -> Result<Vec<Keeper>, String> {
        let save = save.iter().map(|&(drive, name)| SaveArg { drive, path: self.path(name) }).collect();
        plan(&DiskArgs { drive: Vec::new(), write, save }, disks)
            .map_err(|failure| failure.message.replace(&format!("{}/", self.folder.path().display()), ""))
    }

    /// All names in the folder: no temporary file may stay behind.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// A run that handed these sectors back, each filled with its last digit.
fn report(sectors: &[u32]) -> Report {
    let mut report = Report { conclusion: Conclusion::TimedOut, ..Report::default() };
    for &lba in sectors {
        report.add(&wire::Record::DiskSector { disk: 0, lba, bytes: &[lba as u8 % 10; 512] });
    }
    report.add(&wire::Record::DiskEnd { disk: 0, sectors: sectors.len() as u32 });
    report
}

#[test]
fn a_written_image_is_replaced_and_keeps_its_permissions() {
    let scene = Scene::new();
    let path = scene.path("disk.img");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let before = path.metadata().unwrap().ino();
    let keepers = scene.plan(true, &[], &[scene.load("disk.img")]).unwrap();
    let kept = keepers[0].keep(&report(&[0, 195, 201]));
    assert_eq!(kept.fate, Fate::Written(3));
    let mut expected = vec![7; LENGTH];
    expected[..512].fill(0);
    // Sector 195 reaches beyond the end of the file, and sector 201 lies behind it: the file grows up to there.
    expected.resize(202 * 512, 0);
    expected[195 * 512..196 * 512].fill(5);
    expected[201 * 512..].fill(1);
    assert!(fs::read(&path).unwrap() == expected);
    let about = path.metadata().unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o640);
    assert_ne!(about.ino(), before, "replaced, not written over");
    assert_eq!(scene.names(), ["disk.img"]);
}

#[test]
fn a_symbolic_link_stays_one_and_its_file_is_replaced() {
    let scene = Scene::new();
    symlink("disk.img", scene.path("link")).unwrap();
    let keepers = scene.plan(true, &[], &[scene.load("link")]).unwrap();
    assert_eq!(keepers[0].keep(&report(&[1])).fate, Fate::Written(1));
    assert!(scene.path("link").is_symlink());
    assert_eq!(fs::read(scene.path("disk.img")).unwrap()[512..1024], [1; 512]);
}

#[test]
fn an_image_that_the_guest_left_alone_is_left_alone() {
    let scene = Scene::new();
    let before = scene.path("disk.img").metadata().unwrap().ino();
    let keepers = scene.plan(true, &[], &[scene.load("disk.img")]).unwrap();
    assert_eq!(keepers[0].keep(&report(&[])).fate, Fate::Unchanged);
    assert_eq!(scene.path("disk.img").metadata().unwrap().ino(), before);
}

#[test]
fn a_transfer_that_is_not_whole_writes_nothing() {
    let scene = Scene::new();
    let keepers = scene.plan(true, &[], &[scene.load("disk.img")]).unwrap();
    let mut lost = report(&[1, 2]);
    lost.add(&wire::Record::DiskEnd { disk: 0, sectors: 3 });
    for report in [lost, Report { conclusion: Conclusion::TimedOut, ..Report::default() }] {
        let kept = keepers[0].keep(&report);
        let reason = "the VMM did not hand back what the guest wrote";
        assert_eq!(kept.fate, Fate::NotWritten(reason.to_owned()));
    }
    assert_eq!(fs::read(scene.path("disk.img")).unwrap(), [7; LENGTH]);
}

#[test]
fn a_file_that_changed_meanwhile_is_not_replaced() {
    let changes: [fn(&Path); 4] = [
        |path| fs::write(path, [8; LENGTH]).unwrap(),
        |path| File::options().write(true).open(path).unwrap().set_len(3).unwrap(),
        |path| fs::remove_file(path).unwrap(),
        |path| fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap(),
    ];
    for change in changes {
        let scene = Scene::new();
        let path = scene.path("disk.img");
        let keepers = scene.plan(true, &[], &[scene.load("disk.img")]).unwrap();
        // The time of a change is kept with the precision of a clock tick.
        std::thread::sleep(std::time::Duration::from_millis(20));
        change(&path);
        let before = fs::read(&path).ok();
        let kept = keepers[0].keep(&report(&[1]));
        assert!(matches!(kept.fate, Fate::NotWritten(_)), "{kept}");
        assert!(fs::read(&path).ok() == before);
        assert!(scene.names().iter().all(|name| name == "disk.img"), "{:?}", scene.names());
    }
}

#[test]
fn a_result_is_saved_elsewhere_even_if_nothing_changed() {
    let scene = Scene::new();
    fs::write(scene.path("old"), b"old").unwrap();
    for name in ["new", "old"] {
        for sectors in [&[][..], &[4]] {
            let keepers = scene.plan(false, &[(None, name)], &[scene.load("disk.img")]).unwrap();
            assert_eq!(keepers[0].keep(&report(sectors)).fate, Fate::Written(sectors.len()));
            let mut expected = vec![7; LENGTH];
            sectors.iter().for_each(|_| expected[4 * 512..5 * 512].fill(4));
            assert!(fs::read(scene.path(name)).unwrap() == expected, "{name}");
        }
    }
    assert_eq!(fs::read(scene.path("disk.img")).unwrap(), [7; LENGTH]);
    assert_eq!(scene.names(), ["disk.img", "new", "old"]);
}

#[test]
fn holes_stay_holes() {
    let scene = Scene::new();
    let path = scene.path("sparse.img");
    let length = 64 << 20;
    File::create(&path).unwrap().set_len(length).unwrap();
    let keepers = scene.plan(true, &[], &[scene.load("sparse.img")]).unwrap();
    assert_eq!(keepers[0].keep(&report(&[100_000])).fate, Fate::Written(1));
    let about = path.metadata().unwrap();
    assert_eq!(about.len(), length);
    assert!(about.blocks() * 512 < 1 << 20, "{} blocks", about.blocks());
}

#[test]
fn what_cannot_be_kept_is_refused_before_the_run() {
    let scene = Scene::new();
    fs::create_dir(scene.path("folder")).unwrap();
    fs::write(scene.path("fixed.img"), [0; 512]).unwrap();
    fs::set_permissions(scene.path("fixed.img"), fs::Permissions::from_mode(0o444)).unwrap();
    symlink("nowhere", scene.path("dangling")).unwrap();
    let disk = || scene.load("disk.img");
    let second = || Disk { drive: Drive(1), ..scene.load("disk.img") };
    let complaint = |write, save: &[_], disks: &[_]| scene.plan(write, save, disks).unwrap_err();
    let a = Some(Drive::A);
    let rows = [
        (complaint(true, &[], &[scene.load("fixed.img")]), "--write: fixed.img: the file is read-only"),
        (complaint(true, &[], &[disk(), second()]), "disk.img is in drive a and again in drive b"),
        (complaint(true, &[], &[Disk { write_protected: true, ..disk() }]), "every disk is write-protected"),
        (complaint(false, &[(None, "folder")], &[disk()]), "--save: folder: this is a directory"),
        (complaint(false, &[(None, "fixed.img")], &[disk()]), "--save: fixed.img: the file is read-only"),
        (complaint(false, &[(None, "dangling")], &[disk()]), "--save: dangling: cannot be written"),
        (complaint(false, &[(None, "no/out")], &[disk()]), "No such file"),
        (complaint(false, &[(None, "disk.img")], &[disk()]), "an image of the run itself"),
        (complaint(false, &[(None, "out")], &[disk(), second()]), "which disk? Name its drive"),
        (complaint(false, &[(Some(Drive::C), "out")], &[disk()]), "there is no disk in drive c"),
        (complaint(false, &[(a, "x"), (a, "y")], &[disk()]), "drive a is named twice"),
        (complaint(false, &[(a, "x"), (Some(Drive(1)), "x")], &[disk(), second()]), "x is named twice"),
        (complaint(false, &[(a, "x")], &[disk(), disk()]), "several floppies"),
        (
            complaint(false, &[(None, "x")], &[Disk { write_protected: true, ..disk() }]),
            "drive a is write-protected",
        ),
    ];
    for (complaint, expected) in rows {
        assert!(complaint.contains(expected), "{expected:?} is not in {complaint:?}");
    }
}
