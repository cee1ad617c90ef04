//! What is in force in a model, and how much can happen in it.

/// How a commit is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fence {
    /// As it is: the token must be the newest lease's, and the effects go with the job's end or not at all.
    Token,
    /// Removed: whoever says that he had a lease of a job that is leased is believed.
    AnyLease,
    /// Removed, as queues do that acknowledge apart from what was done: effects are stored as they come.
    None,
}

/// What becomes of a job whose lease has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rescue {
    /// As embedded stores do it.
    Expire,
    /// As stores of many nodes do it; the holder had no other lease.
    NodeDied,
    /// Wrong: the death of a node is taken for a failure of the job.
    AsFailure,
    /// Wrong: nobody looks.
    Nobody,
}

/// What a holder does that is fenced off by a commit of which it had no answer before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LostAnswer {
    /// It looks whether the job is as that commit left it, and after a fan-out whether the children are there.
    LooksForChildren,
    /// Wrong: a job that has come further since looks as if it had not been applied.
    LooksAtTheJob,
    /// Wrong: it calls itself fenced off.
    Believes,
}

/// The guards. Each test of a removed one changes one field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) fence: Fence,
    pub(crate) rescue: Rescue,
    /// A renewal is the newest lease's, or it is refused.
    pub(crate) renewal_has_token: bool,
    /// A holder trusts its lease since it asked for it, and not since it was answered.
    pub(crate) trust_since_asked: bool,
    /// Ticks for which a holder trusts its lease, of [`LEASE`].
    pub(crate) trust: u8,
    /// A lease has run out when the store's clock says so, and not the rescuer's.
    pub(crate) store_time: bool,
    pub(crate) lost_answer: LostAnswer,
}

/// Ticks of a lease.
pub(crate) const LEASE: u8 = 2;

pub(crate) const IN_FORCE: Rules = Rules {
    fence: Fence::Token,
    rescue: Rescue::Expire,
    renewal_has_token: true,
    trust_since_asked: true,
    trust: 1,
    store_time: true,
    lost_answer: LostAnswer::LooksForChildren,
};

/// What there is, and what can go wrong. Everything may take as long as it likes, messages may be late, doubled and
/// lost, and a node may stand still at any point: none of that is an option.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) rules: Rules,
    pub(crate) nodes: usize,
    /// The job hands over to a child, and runs again when that has ended.
    pub(crate) fans_out: bool,
    /// Jobs beside it that fan nothing out.
    pub(crate) jobs: usize,
    /// Parts that an attempt commits before its end.
    pub(crate) parts: u8,
    pub(crate) max_attempts: u16,
    /// Attempts may fail or be given back.
    pub(crate) failures: bool,
    pub(crate) crashes: bool,
    pub(crate) answers_lost: bool,
    pub(crate) renewals: bool,
    /// A node's clock may lose a tick in the life of an attempt.
    pub(crate) slow_clocks: bool,
    /// Ticks by which the wall clock of the last node is ahead of the store's.
    pub(crate) ahead: u8,
    /// Times that the store's own clock may jump, to either side.
    pub(crate) jumps: u8,
    pub(crate) cancels: bool,
}

pub(crate) const PLAIN: Setup = Setup {
    rules: IN_FORCE,
    nodes: 2,
    fans_out: false,
    jobs: 1,
    parts: 0,
    max_attempts: 2,
    failures: true,
    crashes: true,
    answers_lost: true,
    renewals: true,
    slow_clocks: false,
    ahead: 0,
    jumps: 0,
    cancels: false,
};
