//! Key layout: one prefix byte a kind of row, then fixed-width big-endian parts, so that byte order is
//! list order. The layout is stored: a change of it is a new format number of the folder.
//!
//! | prefix | key | value |
//! |-|-|-|
//! | `!` | `format`, `seq`, `ping`, `sum` | product and format; number of the newest commit; sum over all other rows |
//! | `r` | tenant kind id | record |
//! | `i` | tenant kind index parent id | – |
//! | `c` | tenant claim | owner's id |
//! | `b` | tenant hash | size |
//! | `f` | tenant hash kind id | – (the record refers to the blob) |
//! | `n` | tenant project | number of the project's newest event |
//! | `v` | tenant project seq | event |
//! | `j` | tenant job | job |
//! | `p`, `s` | tenant project/subject job | – |
//! | `t` | tenant job | – (a job that clients see) |
//! | `h` | tenant parent job | – (a child) |
//! | `q` | stage lane project priority `run_at` job | tenant (ready; a job of no project has the nil id) |
//! | `w`, `d` | stage job | tenant (waiting, dead) |
//! | `l` | stage job | tenant (leased; until format 3) |
//! | `e` | `finished_at` job | tenant (succeeded or cancelled) |

use takeoff_core::job::{Job, JobState, Lane, Stage};
use takeoff_core::model::{BlobHash, Id, Index, Kind, TenantId, Timestamp};

use super::queue::Group;
use crate::catalog::Claim;

pub(crate) const FORMAT_KEY: &[u8] = b"!format";
pub(crate) const SEQ_KEY: &[u8] = b"!seq";
/// The only row that [`RowSum`](super::RowSum) does not take in.
pub(crate) const SUM_KEY: &[u8] = b"!sum";
/// Nodes, by name.
pub(super) const NODES: &[u8] = b"!node/";
pub(super) const PING_KEY: &[u8] = b"!ping";

pub(super) const READY: u8 = b'q';
/// Of formats before 4: since then a leased job has no row but its own.
pub(super) const LEASED: u8 = b'l';
pub(super) const WAITING: u8 = b'w';
pub(super) const DEAD: u8 = b'd';
pub(super) const ENDED: u8 = b'e';
pub(super) const JOB: u8 = b'j';
pub(super) const RECORD: u8 = b'r';
pub(super) const EVENT: u8 = b'v';
pub(super) const EVENT_COUNT: u8 = b'n';

/// Every prefix there is; another one is a foreign or damaged store.
pub(super) const PREFIXES: &[u8] = b"!ricbfnvjpsthqlwde";

struct Key(Vec<u8>);

impl Key {
    fn of(prefix: u8) -> Self {
        let mut bytes = Vec::with_capacity(56);
        bytes.push(prefix);
        Self(bytes)
    }

    fn tenant(prefix: u8, tenant: TenantId) -> Self {
        Self::of(prefix).raw(&tenant.0.to_be_bytes())
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn byte(self, byte: u8) -> Self {
        self.raw(&[byte])
    }

    fn id(self, id: Id) -> Self {
        self.raw(id.bytes())
    }

    fn at(self, at: Timestamp) -> Self {
        self.raw(&sortable(at).to_be_bytes())
    }
}

/// Order-preserving map from signed to unsigned.
const fn sortable(at: Timestamp) -> u64 {
    at.0.cast_unsigned() ^ (1 << 63)
}

const fn unsortable(bits: u64) -> Timestamp {
    Timestamp((bits ^ (1 << 63)).cast_signed())
}

/// The first key after all keys that start with `prefix`.
pub(super) fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    // Only a prefix of 0xff bytes has no successor; no row starts with one.
    vec![u8::MAX; prefix.len() + 1]
}

pub(super) fn record(tenant: TenantId, kind: Kind, id: Id) -> Vec<u8> {
    Key::tenant(RECORD, tenant).byte(kind.code()).id(id).0
}

pub(super) fn list(tenant: TenantId, kind: Kind, index: Index, parent: Id) -> Vec<u8> {
    Key::tenant(b'i', tenant).byte(kind.code()).byte(index as u8).id(parent).0
}

pub(super) fn listed(tenant: TenantId, kind: Kind, index: Index, parent: Id, id: Id) -> Vec<u8> {
    Key(list(tenant, kind, index, parent)).id(id).0
}

pub(super) fn claim(tenant: TenantId, claim: &Claim) -> Vec<u8> {
    Key::tenant(b'c', tenant).raw(claim.0.as_bytes()).0
}

pub(super) fn blob(tenant: TenantId, hash: BlobHash) -> Vec<u8> {
    Key::tenant(b'b', tenant).raw(&hash.0).0
}

/// All references to a blob.
pub(super) fn blob_refs(tenant: TenantId, hash: BlobHash) -> Vec<u8> {
    Key::tenant(b'f', tenant).raw(&hash.0).0
}

pub(super) fn blob_ref(tenant: TenantId, hash: BlobHash, kind: Kind, id: Id) -> Vec<u8> {
    Key::tenant(b'f', tenant).raw(&hash.0).byte(kind.code()).id(id).0
}

pub(super) fn event_count(tenant: TenantId, project: Id) -> Vec<u8> {
    Key::tenant(EVENT_COUNT, tenant).id(project).0
}

pub(super) fn events(tenant: TenantId, project: Id) -> Vec<u8> {
    Key::tenant(EVENT, tenant).id(project).0
}

pub(super) fn event(tenant: TenantId, project: Id, seq: u64) -> Vec<u8> {
    Key(events(tenant, project)).raw(&seq.to_be_bytes()).0
}

/// Tenant, project and number of an event or, without a number, of a project's counter.
pub(super) fn event_parts(key: &[u8]) -> Option<(TenantId, Id, Option<u64>)> {
    let (tenant, rest) = key.get(1..)?.split_first_chunk::<4>()?;
    let (project, rest) = rest.split_first_chunk::<16>()?;
    let seq = rest.first_chunk::<8>().map(|b| u64::from_be_bytes(*b));
    Some((TenantId(u32::from_be_bytes(*tenant)), Id::from_bytes(*project), seq))
}

pub(super) fn job(tenant: TenantId, id: Id) -> Vec<u8> {
    Key::tenant(JOB, tenant).id(id).0
}

/// Tenant and id of a job's row.
pub(super) fn job_parts(key: &[u8]) -> Option<(TenantId, Id)> {
    let (tenant, id) = key.get(1..)?.split_first_chunk::<4>()?;
    let id = Id::from_bytes(*<&[u8; 16]>::try_from(id).ok()?);
    Some((TenantId(u32::from_be_bytes(*tenant)), id))
}

pub(super) fn jobs(tenant: TenantId) -> Vec<u8> {
    Key::tenant(JOB, tenant).0
}

pub(super) fn jobs_of_project(tenant: TenantId, project: Id) -> Vec<u8> {
    Key::tenant(b'p', tenant).id(project).0
}

pub(super) fn jobs_of_subject(tenant: TenantId, subject: Id) -> Vec<u8> {
    Key::tenant(b's', tenant).id(subject).0
}

pub(super) fn tasks(tenant: TenantId) -> Vec<u8> {
    Key::tenant(b't', tenant).0
}

pub(super) fn children(tenant: TenantId, parent: Id) -> Vec<u8> {
    Key::tenant(b'h', tenant).id(parent).0
}

/// The listings that a job is in for as long as it exists.
pub(super) fn job_listings(job: &Job) -> impl Iterator<Item = Vec<u8>> {
    let (tenant, id) = (job.tenant, job.id);
    [
        job.project_id.map(|p| jobs_of_project(tenant, p)),
        job.subject_id.map(|s| jobs_of_subject(tenant, s)),
        job.task.is_some().then(|| tasks(tenant)),
        job.parent.map(|p| children(tenant, p)),
    ]
    .into_iter()
    .flatten()
    .map(move |list| Key(list).id(id).0)
}

/// The one row that says which state a job is in. A leased one has none: the writer knows it as long as the store is
/// open, and its own row tells who opens it next.
pub(super) fn job_state(job: &Job) -> Option<Vec<u8>> {
    Some(match job.state {
        JobState::Ready => {
            let group = Group { lane: job.lane, project: job.project_id, priority: job.priority };
            Key(ready_group(job.stage, group)).at(job.run_at).id(job.id).0
        }
        JobState::Leased => return None,
        JobState::Waiting => Key(of_stage(WAITING, job.stage)).id(job.id).0,
        JobState::Dead => Key(of_stage(DEAD, job.stage)).id(job.id).0,
        JobState::Succeeded | JobState::Refused | JobState::Cancelled => {
            Key::of(ENDED).at(job.finished_at.unwrap_or(job.created_at)).id(job.id).0
        }
    })
}

/// The list by stage of the jobs in this state, if there is one.
pub(super) const fn state_list(state: JobState) -> Option<u8> {
    match state {
        JobState::Waiting => Some(WAITING),
        JobState::Dead => Some(DEAD),
        JobState::Leased
        | JobState::Ready
        | JobState::Succeeded
        | JobState::Refused
        | JobState::Cancelled => None,
    }
}

pub(super) fn of_stage(prefix: u8, stage: Stage) -> Vec<u8> {
    Key::of(prefix).byte(stage as u8).0
}

/// Ready jobs of one stage and group, in order of `run_at`.
pub(super) fn ready_group(stage: Stage, group: Group) -> Vec<u8> {
    let priority = group.priority.cast_unsigned() ^ (1 << 15);
    let project = group.project.unwrap_or(Id::NIL);
    Key(of_stage(READY, stage)).byte(group.lane as u8).id(project).raw(&priority.to_be_bytes()).0
}

/// The end of those of them that are due at `now`.
pub(super) fn ready_group_due_end(stage: Stage, group: Group, now: Timestamp) -> Vec<u8> {
    Key(ready_group(stage, group)).raw(&sortable(now).saturating_add(1).to_be_bytes()).0
}

/// The first of them that may be due at `at`, or after it.
pub(super) fn ready_group_from(stage: Stage, group: Group, at: Timestamp) -> Vec<u8> {
    Key(ready_group(stage, group)).at(at).0
}

/// Ended jobs that ended before `before`: the end of their range.
pub(super) fn ended_before(before: Timestamp) -> Vec<u8> {
    Key::of(ENDED).at(before).0
}

/// Bytes of a ready row's key, and of one of the first format, which had no project.
const READY_LEN: usize = 45;
const READY_LEN_1: usize = 29;

/// Stage and group of a ready row.
pub(super) fn ready_parts(key: &[u8]) -> Option<(Stage, Group)> {
    if key.len() != READY_LEN {
        return None;
    }
    let stage = stage_of(key)?;
    let lane = match *key.get(2)? {
        0 => Lane::Interactive,
        1 => Lane::Batch,
        _ => return None,
    };
    let project = Id::from_bytes(*key.get(3..)?.first_chunk::<16>()?);
    let project = (project != Id::NIL).then_some(project);
    let priority = u16::from_be_bytes(*key.get(19..)?.first_chunk::<2>()?) ^ (1 << 15);
    Some((stage, Group { lane, project, priority: priority.cast_signed() }))
}

/// When a ready job is due.
pub(super) fn ready_run_at(key: &[u8]) -> Option<Timestamp> {
    key.get(21..)?.first_chunk::<8>().map(|b| unsortable(u64::from_be_bytes(*b)))
}

/// The key that a ready row of the first format has now; `None` when it is of this one.
pub(super) fn ready_of_format_1(key: &[u8], project: Option<Id>) -> Option<Vec<u8>> {
    if key.len() != READY_LEN_1 {
        return None;
    }
    let (head, rest) = key.split_at_checked(3)?;
    Some([head, project.unwrap_or(Id::NIL).bytes(), rest].concat())
}

pub(super) fn is_ready_of_format_1(key: &[u8]) -> bool {
    key.len() == READY_LEN_1
}

pub(super) fn stage_of(key: &[u8]) -> Option<Stage> {
    let code = *key.get(1)?;
    Stage::ALL.into_iter().find(|s| *s as u8 == code)
}

/// The id that a key ends with.
pub(super) fn last_id(key: &[u8]) -> Option<Id> {
    key.last_chunk::<16>().map(|b| Id::from_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(lane: Lane, project: u8, priority: i16) -> Group {
        let project = (project > 0).then_some(Id::from_bytes([project; 16]));
        Group { lane, project, priority }
    }

    #[test]
    fn keys_sort_like_what_they_mean() {
        let key = |lane, project, priority, at| {
            let group = ready_group(Stage::Ingest, group(lane, project, priority));
            Key(group).at(Timestamp(at)).id(Id::NIL).0
        };
        let sorted = [
            key(Lane::Interactive, 0, -5, 9),
            key(Lane::Interactive, 0, 0, -3),
            key(Lane::Interactive, 0, 0, 2),
            key(Lane::Interactive, 7, -1, 0),
            key(Lane::Interactive, 9, i16::MIN, 0),
            key(Lane::Batch, 0, i16::MIN, 0),
            key(Lane::Batch, 0, i16::MAX, 0),
        ];
        assert!(sorted.is_sorted());
        for (k, at) in sorted.iter().zip([9, -3, 2]) {
            assert_eq!(ready_run_at(k), Some(Timestamp(at)));
        }
        assert_eq!(ready_parts(&sorted[0]), Some((Stage::Ingest, group(Lane::Interactive, 0, -5))));
        assert_eq!(ready_parts(&sorted[3]), Some((Stage::Ingest, group(Lane::Interactive, 7, -1))));
        assert_eq!(ready_parts(&sorted[6]), Some((Stage::Ingest, group(Lane::Batch, 0, i16::MAX))));
    }

    #[test]
    fn due_range_includes_now() {
        let (now, group) = (Timestamp(50), group(Lane::Batch, 1, 3));
        let end = ready_group_due_end(Stage::Noop, group, now);
        let at = |t| Key(ready_group(Stage::Noop, group)).at(Timestamp(t)).id(Id::NIL).0;
        assert!(at(50) < end && at(51) > end);
    }

    #[test]
    fn rows_of_the_first_format_become_rows_of_this_one() {
        let project = Some(Id::from_bytes([7; 16]));
        let now = Key(ready_group(Stage::Noop, group(Lane::Batch, 7, 3))).at(Timestamp(5)).id(Id::NIL).0;
        let old = [&now[..3], &now[19..]].concat();
        assert_eq!(ready_parts(&old), None);
        assert_eq!(ready_of_format_1(&old, project).as_ref(), Some(&now));
        assert_eq!(ready_of_format_1(&now, project), None);
    }

    #[test]
    fn prefix_ends() {
        assert_eq!(after_prefix(b"ab"), b"ac");
        assert_eq!(after_prefix(&[1, 255, 255]), [2]);
        assert!(after_prefix(&[255]) > vec![255, 254]);
    }
}
