//! The node under load.

use std::path::Path;

use anyhow::{Context as _, ensure};
use takeoff_benches::node::Server;

pub(crate) struct Node {
    /// Its URL.
    address: String,
    id: u32,
    /// One that was started for this run: killed and forgotten at its end.
    _own: Option<Server>,
}

impl Node {
    pub(crate) fn running(address: &str, id: u32) -> Self {
        Self { address: address.to_owned(), id, _own: None }
    }

    /// A node with default settings on a free port of the loopback interface, in a folder of its own.
    pub(crate) async fn start(program: Option<&Path>, below: Option<&Path>) -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("the running program has no path")?;
        let program = program.map_or_else(|| own.with_file_name("takeoff"), Path::to_path_buf);
        ensure!(program.is_file(), "{} is missing: it is what is put under load", program.display());
        let temporary = std::env::temp_dir();
        let server = Server::start(&program, below.unwrap_or(&temporary)).await?;
        Ok(Self { address: format!("http://{}", server.address()), id: server.id(), _own: Some(server) })
    }

    /// Its URL.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) const fn id(&self) -> u32 {
        self.id
    }
}
