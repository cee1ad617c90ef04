//! Asking a parse child: typed requests over its opaque frames.

use takeoff_config::NodeConfig;
use takeoff_core::budget::Budget;
use takeoff_core::page::PageKey;
use takeoff_core::page::request::{Opened, PageOutcome, ParseLimits, ParseReply, ParseRequest, Rejected};
use takeoff_engine::child::{CallLimits, ChildError, ChildPool, Flow};

/// How far a child's death is the file's own doing.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A limit ended it: the same bytes would end the same way.
    Limit(String),
    /// It died otherwise; another try may fare better.
    Death(String),
    /// No child was free or could be started.
    Outage(String),
    Cancelled,
}

impl Fault {
    fn of(error: ChildError, what: &str, memory_bytes: u64) -> Self {
        match error {
            ChildError::Died { memory: true, .. } => {
                let mib = memory_bytes / (1024 * 1024);
                Self::Limit(format!("{what} needs more memory than the limit of {mib} MiB"))
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
        children: &ChildPool,
        request: &ParseRequest,
        budget: &Budget,
    ) -> Result<Result<Opened, Rejected>, Fault> {
        let mut answer = None;
        self.ask(children, request, budget, self.open_ms, "the document", &mut |reply| {
            answer = match reply {
                ParseReply::Opened(opened) => Some(Ok(opened)),
                ParseReply::Rejected(rejected) => Some(Err(rejected)),
                ParseReply::Starting { .. } | ParseReply::Page { .. } | ParseReply::Key { .. } => None,
            };
            if answer.is_some() { Flow::Done } else { Flow::More }
        })
        .await?;
        answer.ok_or_else(|| Fault::Death("the parser gave no answer about the document".to_owned()))
    }

    /// One page; `index` counts from 0.
    pub(crate) async fn page(
        &self,
        children: &ChildPool,
        request: &ParseRequest,
        index: u32,
        budget: &Budget,
    ) -> Result<PageOutcome, Fault> {
        let mut answer = None;
        let what = format!("page {}", index + 1);
        self.ask(children, request, budget, self.page_ms, &what, &mut |reply| match reply {
            ParseReply::Page { outcome, .. } => {
                answer = Some(outcome);
                Flow::Done
            }
            ParseReply::Rejected(rejected) => {
                answer = Some(PageOutcome::Failed { code: "rejected".to_owned(), message: rejected.message });
                Flow::Done
            }
            ParseReply::Opened(_) | ParseReply::Starting { .. } | ParseReply::Key { .. } => Flow::More,
        })
        .await?;
        answer.ok_or_else(|| Fault::Death(format!("the parser gave no answer about {what}")))
    }

    /// The key of one page; `None` where it has none, or where looking for it failed as reading the page
    /// may: whoever reads it then says why.
    pub(crate) async fn key(
        &self,
        children: &ChildPool,
        request: &ParseRequest,
        budget: &Budget,
    ) -> Result<Option<PageKey>, Fault> {
        let mut answer = None;
        let mut on_reply = |reply| match reply {
            ParseReply::Key { key } => {
                answer = key;
                Flow::Done
            }
            ParseReply::Rejected(_) | ParseReply::Page { .. } => Flow::Done,
            ParseReply::Opened(_) | ParseReply::Starting { .. } => Flow::More,
        };
        match self.ask(children, request, budget, self.open_ms, "the page", &mut on_reply).await {
            Ok(()) => Ok(answer),
            Err(Fault::Limit(_) | Fault::Death(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn ask(
        &self,
        children: &ChildPool,
        request: &ParseRequest,
        budget: &Budget,
        reply_ms: u64,
        what: &str,
        on_reply: &mut (dyn FnMut(ParseReply) -> Flow + Send),
    ) -> Result<(), Fault> {
        let request = postcard::to_allocvec(request)
            .map_err(|e| Fault::Outage(format!("the request cannot be written: {e}")))?;
        let limits = CallLimits { reply_ms, total_ms: self.call_ms() };
        let mut nonsense = None;
        let called = children
            .call(&request, limits, budget, &mut |bytes| match postcard::from_bytes(bytes) {
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
