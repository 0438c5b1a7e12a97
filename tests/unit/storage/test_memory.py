"""Remembering for a while."""

from codepush.server.storage.memory import Memory


def test_a_value_is_remembered_for_its_time():
    """Until then it is there; then, and once it was forgotten on purpose, it is not."""
    now = [0.0]
    memory = Memory(10, 5.0, clock=lambda: now[0])
    memory.keep("a", 1)
    now[0] = 4.9
    assert memory.get("a") == 1
    memory.keep("b", 2)
    now[0] = 5.0
    assert (memory.get("a"), memory.get("b")) == (None, 2)
    memory.forget("b")
    assert memory.get("b") is None


def test_the_oldest_go_first():
    """No more than so many are remembered; one that was kept anew is young."""
    memory = Memory(2, 5.0)
    for name in ("a", "b", "a", "c"):
        memory.keep(name, name)
    assert [memory.get(name) for name in "abc"] == ["a", None, "c"]
