//! A PostgreSQL server of a test's own: a cluster in a temporary folder, on a free port of this machine. It ends
//! with the process that started it, whichever way that ends.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

/// Longest that a server may take to start or to stop.
const LIMIT: Duration = Duration::from_secs(60);

/// Everybody's password; it has characters that an address must escape.
pub const PASSWORD: &str = "a secret: ge@heim/42%";
const ESCAPED: &str = "a%20secret%3A%20ge%40heim%2F42%25";

/// Where a server looks for them in its own folder.
const CERTIFICATE: &str = "server.crt";
const KEY: &str = "server.key";

/// Whether what is acknowledged must survive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    Full,
    /// For tests of anything but durability.
    None,
}

/// A cluster, and its server while it runs.
pub struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
    addresses: &'static str,
    durability: Durability,
    is_encrypted: bool,
    running: Option<Running>,
    databases: AtomicU32,
}

/// The shell that has started the server and stops it when its input ends.
struct Running {
    shell: Child,
    input: Option<ChildStdin>,
    server: u32,
}

/// Runs the server and says its id. When its input ends without a word, so has the process that started it: the
/// server is stopped at once and its folder goes.
const SHELL: &str = r#"
folder=$1; shift
exec 3<&0
"$@" </dev/null 3<&- & server=$!
echo "server $server" >&2
(
  read -r word <&3 && exit
  kill -QUIT $server 2>/dev/null
  while kill -0 $server 2>/dev/null; do sleep 0.05; done
  rm -rf "$folder"
) &
exec 3<&-
wait $server
"#;

impl Postgres {
    /// Whether it can be started here.
    pub fn is_installed() -> bool {
        let asked = Command::new(program("initdb")).arg("--version").stdout(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    }

    /// # Panics
    /// When PostgreSQL is not installed or does not start: a test without its server has failed.
    pub fn start(durability: Durability) -> Self {
        Self::start_open_to(durability, None)
    }

    /// As [`Postgres::start`], also for callers of a network of a test's own (`10.77.0.0/16`).
    pub fn start_open_to(durability: Durability, network: Option<&str>) -> Self {
        Self::make(durability, network, None)
    }

    /// Without durability, and with TLS for whoever asks for it, by this certificate and key (PEM).
    pub fn start_encrypted(certificate: &str, key: &str) -> Self {
        Self::make(Durability::None, None, Some((certificate, key)))
    }

    fn make(durability: Durability, network: Option<&str>, proof: Option<(&str, &str)>) -> Self {
        let folder = tempfile::Builder::new().prefix("takeoff-pg-").tempdir().expect("a temporary folder");
        own(folder.path());
        let words = folder.path().join("password");
        std::fs::write(&words, PASSWORD).expect("the password's file");
        own(&words);
        let made = as_server("initdb")
            .args([
                "--username=takeoff",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .arg(format!("--pwfile={}", words.display()))
            .arg(folder.path().join("cluster"))
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        if let Some(network) = network {
            let rules = folder.path().join("cluster/pg_hba.conf");
            let mut rules = std::fs::OpenOptions::new().append(true).open(rules).expect("initdb made it");
            writeln!(rules, "host all all {network} scram-sha-256").expect("a rule more");
        }
        if let Some((certificate, key)) = proof {
            for (name, text) in [(CERTIFICATE, certificate), (KEY, key)] {
                let path = folder.path().join("cluster").join(name);
                std::fs::write(&path, text).expect("initdb made the folder");
                own(&path);
                // The server takes no key that others may read.
                std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
            }
        }
        let mut server = Self {
            folder,
            port: free_port(),
            addresses: if network.is_some() { "*" } else { "127.0.0.1" },
            durability,
            is_encrypted: proof.is_some(),
            running: None,
            databases: AtomicU32::new(0),
        };
        server.resume();
        server
    }

    /// The one that the tests of a program share, without durability.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Durability::None))
    }

    /// Starts it again where it was.
    pub fn resume(&mut self) {
        let mut command = as_server("sh");
        command.args(["-c", SHELL, "sh"]).arg(self.folder.path()).arg(program("postgres"));
        command.arg("-D").arg(self.folder.path().join("cluster")).arg("-k").arg(self.folder.path());
        let port = format!("port={}", self.port);
        let addresses = format!("listen_addresses={}", self.addresses);
        let mut settings = vec![addresses.as_str(), &port, "max_connections=200", "shared_buffers=64MB"];
        if self.durability == Durability::None {
            settings.extend(["fsync=off", "full_page_writes=off"]);
        }
        if self.is_encrypted {
            settings.push("ssl=on");
        }
        for setting in settings {
            command.args(["-c", setting]);
        }
        let mut shell = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server's shell starts");
        let input = shell.stdin.take();
        let server = await_ready(&mut shell);
        self.running = Some(Running { shell, input, server });
    }

    /// The id of the server's process.
    pub fn id(&self) -> u32 {
        self.running.as_ref().expect("it runs").server
    }

    /// Ends it by a signal: `INT` cuts connections off, `QUIT` leaves the recovery to the next start, `KILL` is a
    /// death.
    pub fn stop(&mut self, signal: &str) {
        let mut running = self.running.take().expect("it runs");
        if let Some(mut input) = running.input.take() {
            // The watcher may go: its end is not ours.
            input.write_all(b"stopped\n").expect("the shell reads");
        }
        send(signal, running.server);
        running.shell.wait().expect("our own shell can be waited for");
    }

    /// Sends a signal and does not wait for anything (`STOP`, `CONT`).
    pub fn signal(&self, signal: &str) {
        send(signal, self.id());
    }

    /// All of it stands still, each of its processes, until [`Postgres::go_on`]: connections stay and nobody answers.
    pub fn pause(&self) {
        // The one that starts others first, so that there are no more.
        send("STOP", self.id());
        self.backends().into_iter().for_each(|id| _ = try_send("STOP", id));
    }

    pub fn go_on(&self) {
        self.backends().into_iter().for_each(|id| _ = try_send("CONT", id));
        send("CONT", self.id());
    }

    /// The processes that the server has started.
    fn backends(&self) -> Vec<u32> {
        let id = self.id();
        let list = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let list = list.expect("the system tells the children of a process");
        list.split_whitespace().map(|id| id.parse().expect("an id is a number")).collect()
    }

    /// Address of a new, empty database, reached by a user who owns it.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// Address of a database, with the password.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://takeoff:{ESCAPED}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs statements in a database and gives what they answer, a line a row.
    ///
    /// # Panics
    /// When they fail.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let said = Command::new(program("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1"])
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                "takeoff",
                "-d",
                database,
                "-c",
                sql,
            ])
            .env("PGPASSWORD", PASSWORD)
            .current_dir("/")
            .output()
            .expect("psql runs");
        assert!(said.status.success(), "{sql}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8_lossy(&said.stdout).trim().to_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            // One that stands still hears no other signal.
            let _ = try_send("CONT", running.server);
            self.stop("QUIT");
        }
    }
}

/// Waits until the server takes connections, and gives its process id.
fn await_ready(shell: &mut Child) -> u32 {
    let lines = BufReader::new(shell.stderr.take().expect("stderr is piped"));
    let (send, log) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            // The pipe is drained when nobody reads any more, so that the server never blocks.
            let _ = send.send(line);
        }
    });
    let mut seen = Vec::new();
    let mut id = None;
    while let Ok(line) = log.recv_timeout(LIMIT) {
        if let Some(found) = line.strip_prefix("server ") {
            id = found.trim().parse().ok();
        }
        if line.contains("ready to accept connections") {
            return id.expect("the shell says the server's id first");
        }
        seen.push(line);
    }
    panic!("PostgreSQL does not start:\n{}", seen.join("\n"));
}

fn send(signal: &str, id: u32) {
    assert!(try_send(signal, id), "the server {id} is gone");
}

/// Whether there was such a process.
fn try_send(signal: &str, id: u32) -> bool {
    let sent =
        Command::new("kill").args([&format!("-{signal}"), &id.to_string()]).stderr(Stdio::null()).status();
    sent.expect("kill runs").success()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address").port()
}

/// A program of PostgreSQL: Debian keeps them outside of the path, a folder for each version.
fn program(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|all| all.filter_map(|v| Some(v.ok()?.path().join("bin").join(name))).collect())
        .unwrap_or_default();
    versions.retain(|path| path.is_file());
    versions.sort();
    versions.pop().unwrap_or_else(|| PathBuf::from(name))
}

/// PostgreSQL refuses to run as root; there it runs as its own user.
fn as_server(name: &str) -> Command {
    let path = if name == "sh" { PathBuf::from(name) } else { program(name) };
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(path);
        command
    } else {
        Command::new(path)
    };
    command.current_dir("/").env("LC_ALL", "C");
    command
}

fn is_root() -> bool {
    id_of("-u", None) == 0
}

fn id_of(which: &str, user: Option<&str>) -> u32 {
    let asked = Command::new("id").arg(which).args(user).output().expect("id runs");
    assert!(asked.status.success(), "there is no user {user:?}: is PostgreSQL installed?");
    String::from_utf8_lossy(&asked.stdout).trim().parse().expect("an id is a number")
}

/// Hands a path over to whom the server runs as.
fn own(path: &Path) {
    if is_root() {
        let (user, group) = (id_of("-u", Some("postgres")), id_of("-g", Some("postgres")));
        std::os::unix::fs::chown(path, Some(user), Some(group)).expect("root may give files away");
    }
}
