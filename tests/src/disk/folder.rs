//! The model of a disk: what is certain, and what is not yet.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::journal::Change;

/// What is left of that which was not synced.
pub enum Left {
    Nothing,
    /// Any part of it: names, writes whole or torn at the borders of sectors or pages, length without content.
    Some(Box<ChaCha8Rng>),
    /// As when the program is killed and the power stays.
    Everything,
    /// Everything but the names in the folder of this path.
    AllNamesBut(&'static str),
}

#[derive(Clone)]
enum Edit {
    Write(usize, Arc<[u8]>),
    Cut(usize),
}

/// A change of names in one folder. Both sides of a rename across folders have the same number.
type Naming = (u64, Vec<(String, Option<usize>)>);

enum Object {
    File {
        certain: Vec<u8>,
        pending: Vec<Edit>,
        gone: usize,
    },
    Folder {
        now: BTreeMap<String, usize>,
        certain: BTreeMap<String, usize>,
        pending: Vec<Naming>,
        gone: usize,
    },
}

pub struct Disk {
    objects: Vec<Object>,
    by_inode: HashMap<u64, usize>,
    /// Object and how many changes of it a sync that goes on will make certain.
    syncs: HashMap<u64, (usize, usize)>,
    next: u64,
}

const ROOT: usize = 0;

impl Disk {
    /// Empty as the folder was when its programs began.
    pub fn new(root: &Path) -> Self {
        let inode = fs::metadata(root).expect("the root is there").ino();
        Self {
            objects: vec![empty_folder()],
            by_inode: [(inode, ROOT)].into(),
            syncs: HashMap::new(),
            next: 0,
        }
    }

    /// Syncs of the paths that `ignored` names are taken for such as never happened.
    pub fn apply(&mut self, change: &Change, ignored: &dyn Fn(&str) -> bool) {
        match change {
            Change::MadeFile { inode, path } => {
                self.make(*inode, path, Object::File { certain: Vec::new(), pending: Vec::new(), gone: 0 });
            }
            Change::MadeFolder { inode, path } => self.make(*inode, path, empty_folder()),
            Change::Wrote { inode, at, bytes } => {
                self.edit(*inode, Edit::Write(*at, bytes.as_slice().into()))
            }
            Change::Cut { inode, len } => self.edit(*inode, Edit::Cut(*len)),
            Change::SyncBegan { path, .. } if ignored(path) => {}
            Change::SyncBegan { inode, id, .. } => {
                let object = self.by_inode[inode];
                let upto = match &self.objects[object] {
                    Object::File { pending, gone, .. } => gone + pending.len(),
                    Object::Folder { pending, gone, .. } => gone + pending.len(),
                };
                self.syncs.insert(*id, (object, upto));
            }
            Change::SyncDone { id } => {
                if let Some((object, upto)) = self.syncs.remove(id) {
                    self.objects[object].settle(upto);
                }
            }
            Change::Renamed { from, to } => self.rename(from, to),
            Change::Linked { from, to } => {
                let object = self.find(from);
                self.name(vec![(to, Some(object))]);
            }
            Change::Removed { path } => self.name(vec![(path, None)]),
            Change::Told(_) => {}
        }
    }

    fn make(&mut self, inode: u64, path: &str, object: Object) {
        self.objects.push(object);
        let object = self.objects.len() - 1;
        self.by_inode.insert(inode, object);
        self.name(vec![(path, Some(object))]);
    }

    fn edit(&mut self, inode: u64, edit: Edit) {
        let object = self.by_inode[&inode];
        let Object::File { pending, .. } = &mut self.objects[object] else {
            panic!("a folder is written to")
        };
        pending.push(edit);
    }

    fn rename(&mut self, from: &str, to: &str) {
        let object = self.find(from);
        self.name(vec![(from, None), (to, Some(object))]);
    }

    fn find(&self, path: &str) -> usize {
        path.split('/').filter(|n| !n.is_empty()).fold(ROOT, |at, name| {
            let Object::Folder { now, .. } = &self.objects[at] else { panic!("{path} leads through a file") };
            *now.get(name).unwrap_or_else(|| panic!("{path} was never made"))
        })
    }

    fn name(&mut self, names: Vec<(&str, Option<usize>)>) {
        self.next += 1;
        let mut by_folder: BTreeMap<usize, Vec<(String, Option<usize>)>> = BTreeMap::new();
        for (path, object) in names {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            by_folder.entry(self.find(folder)).or_default().push((name.to_owned(), object));
        }
        for (folder, names) in by_folder {
            let Object::Folder { now, pending, .. } = &mut self.objects[folder] else { panic!("no folder") };
            put(now, &names);
            pending.push((self.next, names));
        }
    }

    /// Makes the folder as the loss of power in this moment would leave it.
    pub fn leave(&self, into: &Path, left: &mut Left) {
        let renames: Vec<bool> = (0..=self.next)
            .map(|_| match left {
                Left::Nothing => false,
                Left::Some(random) => random.random(),
                Left::Everything | Left::AllNamesBut(_) => true,
            })
            .collect();
        self.leave_folder(ROOT, into, left, &renames);
    }

    fn leave_folder(&self, folder: usize, into: &Path, left: &mut Left, kept: &[bool]) {
        let Object::Folder { certain, pending, .. } = &self.objects[folder] else { panic!("no folder") };
        let mut names = certain.clone();
        let lost = matches!(left, Left::AllNamesBut(folder) if into.ends_with(*folder));
        for (number, change) in pending {
            if !lost && kept[usize::try_from(*number).expect("it fits")] {
                put(&mut names, change);
            }
        }
        for (name, object) in names {
            let path = into.join(name);
            match &self.objects[object] {
                Object::Folder { .. } => {
                    fs::create_dir(&path).expect("a folder can be made");
                    self.leave_folder(object, &path, left, kept);
                }
                Object::File { certain, pending, .. } => {
                    let mut bytes = certain.clone();
                    pending.iter().for_each(|edit| leave_edit(&mut bytes, edit, left));
                    fs::write(&path, bytes).expect("a file can be written");
                }
            }
        }
    }
}

impl Object {
    /// The first `upto` changes are certain.
    fn settle(&mut self, upto: usize) {
        match self {
            Self::File { certain, pending, gone } => {
                let new = upto.saturating_sub(*gone);
                pending.drain(..new).for_each(|e| e.make(certain));
                *gone += new;
            }
            Self::Folder { certain, pending, gone, .. } => {
                let new = upto.saturating_sub(*gone);
                pending.drain(..new).for_each(|(_, names)| put(certain, &names));
                *gone += new;
            }
        }
    }
}

impl Edit {
    fn make(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(at, new) => write(bytes, *at, new),
            Self::Cut(len) => bytes.resize(*len, 0),
        }
    }
}

fn leave_edit(bytes: &mut Vec<u8>, edit: &Edit, left: &mut Left) {
    let random = match left {
        Left::Nothing => return,
        Left::Everything | Left::AllNamesBut(_) => return edit.make(bytes),
        Left::Some(random) => random,
    };
    match (random.random_range(0..4), edit) {
        (0, _) => {}
        (1, Edit::Write(at, new)) => {
            let block = if random.random() { 512 } else { 4096 };
            let (mut from, end) = (*at, at + new.len());
            while from < end {
                let to = ((from / block + 1) * block).min(end);
                if random.random() {
                    write(bytes, from, &new[from - at..to - at]);
                }
                from = to;
            }
        }
        // Longer, and what should be there never came.
        (2, Edit::Write(at, new)) => bytes.resize(bytes.len().max(at + new.len()), 0),
        _ => edit.make(bytes),
    }
}

fn write(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    bytes.resize(bytes.len().max(at + new.len()), 0);
    bytes[at..at + new.len()].copy_from_slice(new);
}

fn put(names: &mut BTreeMap<String, usize>, change: &[(String, Option<usize>)]) {
    for (name, object) in change {
        match object {
            Some(object) => names.insert(name.clone(), *object),
            None => names.remove(name),
        };
    }
}

fn empty_folder() -> Object {
    Object::Folder { now: BTreeMap::new(), certain: BTreeMap::new(), pending: Vec::new(), gone: 0 }
}
