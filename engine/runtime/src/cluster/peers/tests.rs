use uuid::Uuid;

use super::*;

const SUSPECT: Duration = Duration::from_secs(3);

fn claim(node: &str, life: u128) -> Claim {
    Claim {
        cluster: "c".to_owned(),
        node: node.to_owned(),
        life: Id(Uuid::from_u128(life)),
        address: format!("{node}:1"),
        version: "0".to_owned(),
        stages: Vec::new(),
    }
}

fn peers(node: &str, life: u128, seeds: &[&str]) -> Peers {
    let seeds: Vec<String> = seeds.iter().map(|s| (*s).to_owned()).collect();
    Peers::new(claim(node, life), SUSPECT, &seeds)
}

fn at(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn members(peers: &Peers, now: Duration) -> Vec<String> {
    peers.members(now).map(|c| c.node.clone()).collect()
}

#[test]
fn a_node_of_another_cluster_or_of_a_name_that_is_taken_is_refused() {
    let mut a = peers("a", 1, &[]);
    let other = Claim { cluster: "d".to_owned(), ..claim("b", 2) };
    assert_eq!(a.admit(other, false, at(0)), Err(Refusal::OtherCluster("c".to_owned())));
    assert_eq!(a.admit(claim("a", 2), false, at(0)), Err(Refusal::NameTaken("a".to_owned())));
    assert_eq!(a.admit(claim("a", 1), false, at(0)), Err(Refusal::Itself));
    let (b, replaced) = a.admit(claim("b", 2), false, at(0)).unwrap();
    assert!(a.opened(b, at(0)) && replaced.is_none());
    assert_eq!(a.admit(claim("b", 3), false, at(100)), Err(Refusal::NameTaken("b".to_owned())));
    // Once it is silent, whoever comes in its name is its successor.
    assert_eq!(a.admit(claim("b", 3), false, at(3_001)).unwrap().1, Some(b));
}

#[test]
fn of_two_links_both_ends_keep_the_same() {
    // Each has admitted the other one's dial when its own is answered.
    let (mut a, mut b) = (peers("a", 1, &[]), peers("b", 2, &[]));
    let at_a = a.admit(claim("b", 2), false, at(0)).unwrap().0;
    let at_b = b.admit(claim("a", 1), false, at(0)).unwrap().0;
    assert_eq!(a.admit(claim("b", 2), true, at(1)), Err(Refusal::Linked("b".to_owned())));
    assert_eq!(b.admit(claim("a", 1), true, at(1)).unwrap().1, Some(at_b));
    assert!(a.opened(at_a, at(2)));
}

#[test]
fn who_is_silent_is_no_member_until_it_is_heard_of() {
    let mut a = peers("a", 1, &[]);
    let (b, _) = a.admit(claim("b", 2), false, at(0)).unwrap();
    assert_eq!(members(&a, at(0)), [""; 0]);
    a.opened(b, at(0));
    assert_eq!(members(&a, at(0)), ["b"]);
    let mut suspected = Vec::new();
    let mut closed = None;
    for ms in (0..20_000).step_by(250) {
        let due = a.tick(at(ms));
        suspected.extend(due.suspected);
        if !due.close.is_empty() {
            closed = Some(ms);
            break;
        }
        assert_eq!(members(&a, at(ms)).is_empty(), ms > 3_000, "{ms}");
    }
    assert_eq!((suspected, closed), (vec!["b".to_owned()], Some(9_250)));
    a.heard(claim("b", 2).life, at(9_300));
    assert_eq!(members(&a, at(9_300)), ["b"], "it answers in time");
    assert!(a.closed(b, at(9_400)).is_some());
    assert_eq!(a.heard(claim("b", 2).life, at(9_500)), None);
}

/// A node that was stopped itself does not suspect all the others when it goes on.
#[test]
fn who_slept_suspects_nobody() {
    let mut a = peers("a", 1, &[]);
    let (b, _) = a.admit(claim("b", 2), false, at(0)).unwrap();
    a.opened(b, at(0));
    a.tick(at(0));
    let due = a.tick(at(60_000));
    assert_eq!((due.close, due.suspected, due.ping), (vec![], vec![], vec![b]));
    assert_eq!(members(&a, at(60_000)), ["b"]);
}

#[test]
fn attempts_are_further_and_further_apart_and_never_more_than_the_longest() {
    let mut a = peers("a", 1, &["b:1", "a:1"]);
    let (mut tries, mut last, mut gaps) = (0, 0, Vec::new());
    for ms in (0..60_000).step_by(50) {
        let dial = a.tick(at(ms)).dial;
        if dial.is_empty() {
            continue;
        }
        assert_eq!(dial, ["b:1"], "never itself");
        let news = a.dialled("b:1", &Err(Failed::Broken("refused".to_owned())), at(ms));
        assert_eq!(news, tries == 0, "said once");
        gaps.push(ms - last);
        (tries, last) = (tries + 1, ms);
    }
    assert!((20..60).contains(&tries), "{tries}");
    assert!(gaps.iter().all(|gap| *gap <= 3_050), "{gaps:?}");
    assert!(gaps[1] <= 250 && gaps.last() > Some(&1_400), "{gaps:?}");
    assert_eq!(a.failing().count(), 1);
}

#[test]
fn nodes_that_others_know_are_dialled_and_those_that_are_gone_are_forgotten() {
    let mut b = peers("b", 2, &[]);
    let known = |node: &str| Known { node: node.to_owned(), address: format!("{node}:1") };
    b.learn(&[known("a"), known("b"), known("c")], at(0));
    assert_eq!(b.tick(at(0)).dial, ["a:1"], "the lesser name waits to be dialled");
    assert_eq!(b.tick(at(400)).dial, ["c:1"]);
    assert!(!b.dialled("a:1", &Ok("a".to_owned()), at(410)));
    let (a, _) = b.admit(claim("a", 1), true, at(410)).unwrap();
    b.opened(a, at(420));
    assert_eq!(b.known(), [known("a")]);
    b.dialled("c:1", &Err(Failed::Broken("away".to_owned())), at(500));
    // Dialled again and again, and in the end no more.
    let mut last = 0;
    for ms in (500..1_300_000).step_by(250) {
        b.heard(claim("a", 1).life, at(ms));
        for address in b.tick(at(ms)).dial {
            assert_eq!(address, "c:1", "the other one is linked");
            b.dialled(&address, &Err(Failed::Broken("away".to_owned())), at(ms));
            last = ms;
        }
    }
    assert!((500_000..610_000).contains(&last), "{last}");
    // The one whose link is gone is dialled at once.
    b.closed(a, at(1_300_000));
    assert_eq!(b.tick(at(1_300_100)).dial, ["a:1"]);
}

#[test]
fn what_nobody_confirms_is_not_sent_for_ever() {
    let mut a = peers("a", 1, &[]);
    let (b, _) = a.admit(claim("b", 2), false, at(0)).unwrap();
    assert!(!a.may_send(b), "it is not open");
    a.opened(b, at(0));
    let sent = (0..10_000).filter(|_| a.may_send(b)).count() as u64;
    assert_eq!(sent, WINDOW);
    let ping = a.ping(b, at(10)).unwrap();
    assert_eq!(a.confirmed(b, ping, at(12)), Some(at(2)));
    assert!(a.may_send(b));
    assert_eq!(a.confirmed(b, u64::MAX, at(13)), None, "nonsense confirms nothing else");
}
