//! Asking a parse child: typed requests over its opaque frames.

use std::time::Duration;

use takeoff_config::NodeConfig;
use takeoff_core::page::request::{Opened, PageOutcome, ParseLimits, ParseReply, ParseRequest, Rejected};
use takeoff_core::page::{OPENING_BYTES, PageKey, PageWeight};
use takeoff_engine::child::{CallLimits, ChildError, Flow};
use takeoff_engine::error::StageError;
use takeoff_engine::stage::{Attempt, Tools};

use crate::memory;

/// How far a child's death is the file's own doing.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A limit ended it: the same bytes would end the same way.
    Limit(String),
    /// It was refused memory.
    Grown(String),
    /// It died otherwise; another try may fare better.
    Death(String),
    /// No child was free or could be started.
    Outage(String),
    /// There was no memory for it.
    Memory(StageError),
    /// There was no room on the disk for what it made.
    NoRoom(String),
    Cancelled,
}

impl Fault {
    fn of(error: ChildError, what: &str, memory_bytes: u64) -> Self {
        match error {
            ChildError::Died { memory: true, .. } => {
                let mib = memory_bytes / (1024 * 1024);
                Self::Grown(format!("{what} needs more memory than the limit of {mib} MiB"))
            }
            ChildError::Deadline { ms } => {
                Self::Limit(format!("{what} took longer than the limit of {} s", ms.div_ceil(1_000)))
            }
            ChildError::Died { how, memory: false } => {
                Self::Death(format!("the parser died ({how}) while {what} was read"))
            }
            ChildError::Protocol(why) => {
                Self::Death(format!("the parser failed while {what} was read: {why}"))
            }
            ChildError::Busy { .. } | ChildError::Spawn(_) => Self::Outage(error.to_string()),
            ChildError::Cancelled => Self::Cancelled,
        }
    }
}

/// The attempt that asks, and what it may use.
#[derive(Clone, Copy)]
pub(crate) struct By<'a> {
    pub(crate) attempt: &'a Attempt,
    pub(crate) tools: &'a Tools,
}

/// What a page is taken for before it is parsed.
pub(crate) enum Priced {
    /// Bytes of memory to take.
    At(u64),
    /// No worker may hold what it needs at the least, for this reason.
    TooDear(String),
}

/// What a parser makes of a page.
enum Drawn {
    Is(PageOutcome),
    /// It takes more than it was given.
    Heavier(PageWeight),
}

/// Limits and deadlines of this node's parse children.
#[derive(Debug, Clone)]
pub(crate) struct Parser {
    pub(crate) limits: ParseLimits,
    memory_bytes: u64,
    open_ms: u64,
    page_ms: u64,
}

impl Parser {
    pub(crate) fn new(config: &NodeConfig) -> Self {
        Self {
            limits: config.limits.parse(),
            memory_bytes: config.children.memory_bytes,
            open_ms: config.children.open_deadline_ms,
            page_ms: config.children.page_deadline_ms,
        }
    }

    /// Longest that one call may take, milliseconds.
    pub(crate) fn call_ms(&self) -> u64 {
        // A call for a page may have to open the file in a fresh child first.
        self.open_ms + self.page_ms
    }

    pub(crate) async fn open(
        &self,
        by: By<'_>,
        request: &ParseRequest,
    ) -> Result<Result<Opened, Rejected>, Fault> {
        let mut answer = None;
        self.ask((by, OPENING_BYTES), request, self.open_ms, "the document", &mut |reply| {
            answer = match reply {
                ParseReply::Opened(opened) => Some(Ok(opened)),
                ParseReply::Rejected(rejected) => Some(Err(rejected)),
                _ => None,
            };
            if answer.is_some() { Flow::Done } else { Flow::More }
        })
        .await?;
        answer.ok_or_else(|| Fault::Death("the parser gave no answer about the document".to_owned()))
    }

    /// Longest wait for memory before one call, milliseconds: whoever holds it is in a call of its own, or waits
    /// for a child.
    pub(crate) fn memory_wait_ms(&self) -> u64 {
        2 * self.call_ms()
    }

    /// What memory a page is to be given. One that cannot be weighed is as dear as a worker may become.
    pub(crate) async fn price(
        &self,
        by: By<'_>,
        request: &ParseRequest,
        index: u32,
    ) -> Result<Priced, Fault> {
        let mut weight = None;
        let mut on_reply = |reply| match reply {
            ParseReply::Weight { weight: told } => {
                weight = told;
                Flow::Done
            }
            ParseReply::Rejected(_)
            | ParseReply::Page { .. }
            | ParseReply::Key { .. }
            | ParseReply::Heavier { .. }
            | ParseReply::NoRoom { .. } => Flow::Done,
            ParseReply::Opened(_) | ParseReply::Starting { .. } => Flow::More,
        };
        match self.ask((by, OPENING_BYTES), request, self.open_ms, "the page", &mut on_reply).await {
            Ok(()) | Err(Fault::Limit(_) | Fault::Grown(_) | Fault::Death(_)) => {}
            Err(fault) => return Err(fault),
        }
        Ok(weight.map_or(Priced::At(self.memory_bytes), |weight| self.priced(by, weight, index)))
    }

    fn priced(&self, by: By<'_>, weight: PageWeight, index: u32) -> Priced {
        let least = weight.least_bytes();
        if least > self.memory_bytes {
            by.tools.memory.refused();
            let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
            let (least, most) = (mib(least), mib(self.memory_bytes));
            return Priced::TooDear(format!(
                "page {} needs {least} MiB of memory at the least; the limit is {most} MiB",
                index + 1
            ));
        }
        // The kernel lets a worker have no more than its address space.
        Priced::At(weight.likely_bytes().min(self.memory_bytes))
    }

    /// One page; `index` counts from 0. `bytes` is what it is thought to take of memory; where it turns out to take
    /// more, it is let go and taken up again with that, or with all that a worker may have. `request` has what the page
    /// may take.
    pub(crate) async fn page(
        &self,
        by: By<'_>,
        request: impl Fn(u64) -> ParseRequest,
        index: u32,
        mut bytes: u64,
    ) -> Result<PageOutcome, Fault> {
        // Foretold too little, and again once it was walked.
        for _ in 0..2 {
            if bytes >= self.memory_bytes {
                break;
            }
            bytes = match self.page_within(by, &request(bytes), index, bytes).await {
                Ok(Drawn::Is(outcome)) => return Ok(outcome),
                Ok(Drawn::Heavier(weight)) => match self.priced(by, weight, index) {
                    Priced::At(bytes) => bytes,
                    Priced::TooDear(message) => {
                        return Ok(PageOutcome::Failed { code: "too_dear".to_owned(), message });
                    }
                },
                Err(Fault::Grown(_)) => self.memory_bytes,
                Err(fault) => return Err(fault),
            };
        }
        match self.page_within(by, &request(u64::MAX), index, self.memory_bytes).await {
            Ok(Drawn::Is(outcome)) => Ok(outcome),
            Ok(Drawn::Heavier(_)) => {
                Err(Fault::Death(format!("the parser asks for still more memory for page {}", index + 1)))
            }
            Err(Fault::Grown(why)) => Err(Fault::Limit(why)),
            Err(fault) => Err(fault),
        }
    }

    async fn page_within(
        &self,
        by: By<'_>,
        request: &ParseRequest,
        index: u32,
        bytes: u64,
    ) -> Result<Drawn, Fault> {
        let (mut answer, mut no_room) = (None, None);
        let what = format!("page {}", index + 1);
        self.ask((by, bytes), request, self.page_ms, &what, &mut |reply| match reply {
            ParseReply::Page { outcome, .. } => {
                answer = Some(Drawn::Is(outcome));
                Flow::Done
            }
            ParseReply::Heavier { weight, .. } => {
                answer = Some(Drawn::Heavier(weight));
                Flow::Done
            }
            ParseReply::Rejected(rejected) => {
                let code = "rejected".to_owned();
                answer = Some(Drawn::Is(PageOutcome::Failed { code, message: rejected.message }));
                Flow::Done
            }
            ParseReply::NoRoom { why, .. } => {
                no_room = Some(why);
                Flow::Done
            }
            ParseReply::Opened(_)
            | ParseReply::Starting { .. }
            | ParseReply::Weight { .. }
            | ParseReply::Key { .. } => Flow::More,
        })
        .await?;
        if let Some(why) = no_room {
            return Err(Fault::NoRoom(format!("{what} could not be written: {why}")));
        }
        answer.ok_or_else(|| Fault::Death(format!("the parser gave no answer about {what}")))
    }

    /// The key of one page; `None` where it has none, or where looking for it failed as reading the page
    /// may: whoever reads it then says why.
    pub(crate) async fn key(&self, by: By<'_>, request: &ParseRequest) -> Result<Option<PageKey>, Fault> {
        let mut answer = None;
        let mut on_reply = |reply| match reply {
            ParseReply::Key { key } => {
                answer = key;
                Flow::Done
            }
            ParseReply::Rejected(_)
            | ParseReply::Page { .. }
            | ParseReply::Weight { .. }
            | ParseReply::Heavier { .. }
            | ParseReply::NoRoom { .. } => Flow::Done,
            ParseReply::Opened(_) | ParseReply::Starting { .. } => Flow::More,
        };
        match self.ask((by, OPENING_BYTES), request, self.open_ms, "the page", &mut on_reply).await {
            Ok(()) => Ok(answer),
            Err(Fault::Limit(_) | Fault::Grown(_) | Fault::Death(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn ask(
        &self,
        (by, bytes): (By<'_>, u64),
        request: &ParseRequest,
        reply_ms: u64,
        what: &str,
        on_reply: &mut (dyn FnMut(ParseReply) -> Flow + Send),
    ) -> Result<(), Fault> {
        let request = postcard::to_allocvec(request)
            .map_err(|e| Fault::Outage(format!("the request cannot be written: {e}")))?;
        let limits = CallLimits { reply_ms, total_ms: self.call_ms() };
        let mut nonsense = None;
        let wait = Duration::from_millis(self.memory_wait_ms());
        let then = if bytes > OPENING_BYTES { "Parsing the page" } else { "Opening the document" };
        let _held = memory::take(by.attempt, by.tools, bytes, wait, then).await.map_err(Fault::Memory)?;
        let called = by
            .tools
            .children
            .call(&request, limits, &by.attempt.budget, &mut |bytes| match postcard::from_bytes(bytes) {
                Ok(reply) => on_reply(reply),
                Err(e) => {
                    nonsense = Some(e.to_string());
                    Flow::Done
                }
            })
            .await;
        if let Some(why) = nonsense {
            return Err(Fault::Death(format!("the parser's answer about {what} cannot be read: {why}")));
        }
        called.map_err(|e| Fault::of(e, what, self.memory_bytes))
    }
}
