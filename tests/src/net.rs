//! Networks of a test's own, which can be cut in two.
//!
//! Where the machine allows it (root, or whoever may make user namespaces) the test runs once more in a network
//! namespace of its own, in which each node has another: packets between a node and its database, or between two nodes,
//! vanish without a word, and nothing of it is left when the test ends. Elsewhere each way is a [`Line`] that falls
//! silent, which cuts off the connections that there are: a partition that is noticed a little sooner.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use takeoff_config::environment::Variables;

use crate::line::{Fault, Line};

/// What all networks are part of.
pub const NETWORK: &str = "10.77.0.0/16";

/// Says to a test that it is in its own network.
const INSIDE: &str = "TAKEOFF_TEST_INSIDE";

/// A shell that makes a folder for the names of namespaces, which nobody else sees, and becomes the test.
const ENTER: &str = r#"set -e
mount -t tmpfs tmpfs /run
mkdir /run/netns
ip link set lo up
ip netns add probe
ip link add probe0 type veth peer name probe1 netns probe
ip link add probe2 type bridge
ip link del probe2
ip netns del probe
exec "$@"
"#;

/// Where a test is.
pub enum Entered {
    /// In a network of its own.
    Inside,
    /// It was run in one, and has passed.
    Elsewhere,
    /// The machine gives none, for this reason.
    Refused(String),
}

/// Runs the test of this name once more in a network of its own.
///
/// # Panics
/// When it fails there.
pub fn enter(test: &str) -> Entered {
    if Variables::of_process().get(INSIDE).is_some() {
        return Entered::Inside;
    }
    // Built before, so that this takes no time there.
    crate::program();
    let tried = entering(Path::new("true")).output();
    match tried {
        Ok(tried) if tried.status.success() => {}
        Ok(tried) => return Entered::Refused(String::from_utf8_lossy(&tried.stderr).trim().to_owned()),
        Err(e) => return Entered::Refused(format!("unshare: {e}")),
    }
    let this = std::env::current_exe().expect("a test has a path");
    let run = entering(&this).args(["--exact", test, "--nocapture"]).env(INSIDE, "1").output();
    let run = run.expect("it ran a moment ago");
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && said.contains("1 passed"), "in its own network:\n{said}");
    tell(&said);
    Entered::Elsewhere
}

fn entering(program: &Path) -> Command {
    let mut command = Command::new("unshare");
    // Whoever is not root keeps its name, so that PostgreSQL takes it for what it is.
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if !is_root {
        command.args(["--user", "--map-current-user", "--keep-caps"]);
    }
    command.args(["--net", "--mount", "sh", "-c", ENTER, "sh"]).arg(program);
    command.stdin(Stdio::null());
    command
}

#[expect(clippy::print_stderr, reason = "what the run was, for whoever reads the test's output")]
fn tell(what: &str) {
    eprintln!("{what}");
}

/// One of a node's ways to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Of requests, and to the bucket.
    Front,
    Database,
    /// To other nodes.
    Links,
}

const WAYS: [Way; 3] = [Way::Front, Way::Database, Way::Links];

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Database => "database",
            Self::Links => "links",
        }
    }

    fn address(self, of: usize) -> String {
        format!("10.77.{}.{of}", self as usize + 1)
    }
}

/// Where the servers are on each way.
const SERVERS: usize = 254;
/// Where a node listens for others in its own namespace.
const LINK_PORT: u16 = 7_070;

/// Two nodes, `a` and `b`, on one database and bucket.
pub enum Net {
    /// Each in a namespace.
    Spaces { _bucket: Line, bucket: SocketAddr },
    /// Each with lines of its own; for [`Way::Links`] to the one and to the other.
    Lines { database: Line, links: [(SocketAddr, Line); 2] },
}

pub const NAMES: [&str; 2] = ["a", "b"];

impl Net {
    /// Inside of a network that [`enter`] has made. The bucket is at this address of loopback.
    pub async fn spaces(bucket: &str) -> Self {
        for way in WAYS {
            let name = way.name();
            ip(&format!("link add {name} type bridge"));
            ip(&format!("addr add {}/24 dev {name}", way.address(SERVERS)));
            ip(&format!("link set {name} up"));
        }
        for (n, node) in NAMES.iter().enumerate() {
            ip(&format!("netns add {node}"));
            ip(&format!("-n {node} link set lo up"));
            for way in WAYS {
                let (name, end) = (way.name(), end(way, n));
                ip(&format!("link add {end} type veth peer name {name} netns {node}"));
                ip(&format!("link set {end} master {name}"));
                ip(&format!("link set {end} up"));
                ip(&format!("-n {node} addr add {}/24 dev {name}", way.address(n + 1)));
                ip(&format!("-n {node} link set {name} up"));
            }
        }
        let line = Line::from(&Way::Front.address(SERVERS), bucket).await;
        Self::Spaces { bucket: line.address(), _bucket: line }
    }

    /// On loopback. The database is at this address of it.
    pub async fn lines(database: &str) -> Self {
        let link = async || {
            let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = free.local_addr().expect("an address");
            (address, Line::to(&address.to_string()).await)
        };
        Self::Lines { database: Line::to(database).await, links: [link().await, link().await] }
    }

    /// The program that starts the nth node, and the host that it listens on.
    pub fn place(&self, n: usize) -> (Vec<&'static str>, String) {
        match self {
            Self::Spaces { .. } => (vec!["ip", "netns", "exec", NAMES[n]], Way::Front.address(n + 1)),
            Self::Lines { .. } => (Vec::new(), "127.0.0.1".to_owned()),
        }
    }

    /// Where the nth node finds the database: host and port, that of the server being `port`.
    pub fn database(&self, n: usize, port: u16) -> (String, u16) {
        match self {
            Self::Lines { database, .. } if n == 0 => ("127.0.0.1".to_owned(), database.address().port()),
            Self::Lines { .. } => ("127.0.0.1".to_owned(), port),
            Self::Spaces { .. } => (Way::Database.address(SERVERS), port),
        }
    }

    /// Where nodes find the bucket, if it is another than its own address.
    pub fn bucket(&self) -> Option<String> {
        match self {
            Self::Spaces { bucket, .. } => Some(format!("http://{bucket}")),
            Self::Lines { .. } => None,
        }
    }

    /// Where the nth node listens for others, and where they reach it.
    pub fn link(&self, n: usize) -> (SocketAddr, SocketAddr) {
        match self {
            Self::Spaces { .. } => {
                let address = format!("{}:{LINK_PORT}", Way::Links.address(n + 1));
                let address = address.parse().expect("an address");
                (address, address)
            }
            Self::Lines { links, .. } => (links[n].0, links[n].1.address()),
        }
    }

    /// Cuts the first node off on a way, or lets it reach others again.
    ///
    /// # Panics
    /// For [`Way::Front`]: somebody has to ask it how it is.
    pub fn cut(&self, way: Way, is_cut: bool) {
        assert_ne!(way, Way::Front, "it is to be asked");
        match self {
            Self::Spaces { .. } => {
                ip(&format!("link set {} {}", end(way, 0), if is_cut { "down" } else { "up" }));
            }
            Self::Lines { database, links } => {
                let fault = if is_cut { Fault::Silent } else { Fault::None };
                match way {
                    Way::Database => database.set(fault),
                    _ => links.iter().for_each(|(_, line)| line.set(fault)),
                }
            }
        }
    }
}

/// The end of a way that is not in the node's namespace.
fn end(way: Way, n: usize) -> String {
    format!("{}-{}", way.name(), NAMES[n])
}

fn ip(words: &str) {
    let done = Command::new("ip").args(words.split(' ')).output().expect("ip runs");
    assert!(done.status.success(), "ip {words}: {}", String::from_utf8_lossy(&done.stderr));
}
