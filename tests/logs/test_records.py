"""Records are found by what a person asks for."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from frontdesk.database import bulk, logs
from frontdesk.errors import InputError
from frontdesk.logs import carrier, records
from frontdesk.logs.records import Filter

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def school(index):
    """Sixty records, one each minute from START, of three loggers."""
    names = ["attendance", "grades", "grades.maths", "gradesheet"]
    entries = [
        {
            "time": int((START + timedelta(minutes=n)).timestamp() * 1_000_000),
            "level": (10, 20, 30, 40)[n % 4],
            "logger": names[n % 3],
            "pid": 1,
            "message": f"Record {n} says 100 %_x" if n % 10 == 0 else f"Record {n} of École",
            "run": n if n % 7 == 0 else None,
            "request": f"{n:016x}" if n % 5 == 0 else None,
            "user": "ada" if n % 2 else "eve",
        }
        for n in range(60)
    ]
    with index.transaction() as connection:
        carrier._insert(connection, entries)
    return index


def numbers(page: records.Page) -> list[int]:
    return [record.id - 1 for record in page.records]


def test_without_filters_the_newest_come_first(school):
    assert numbers(records.search(school, size=3)) == [59, 58, 57]


def test_pages_follow_each_other_without_gap_or_overlap(school):
    found, token = [], ""
    while True:
        page = records.search(school, Filter(level="info"), size=7, token=token)
        found += numbers(page)
        if page.next is None:
            break
        token = page.next
    assert found == [n for n in reversed(range(60)) if n % 4]


def test_after_an_id_the_oldest_come_first(school):
    page = records.search(school, after=50, size=4)
    assert numbers(page) == [50, 51, 52, 53]
    assert numbers(records.search(school, size=4, token=page.next or "")) == [54, 55, 56, 57]
    assert numbers(records.search(school, after=60)) == []


@pytest.mark.parametrize(("level", "least"), [("DEBUG", 0), ("info", 1), ("WARNING", 2), ("error", 3)])
def test_a_level_means_at_least(school, level, least):
    assert numbers(records.search(school, Filter(level=level))) == [n for n in reversed(range(60)) if n % 4 >= least]


def test_a_logger_includes_its_children_and_no_namesake(school):
    assert numbers(records.search(school, Filter(logger="grades"))) == [n for n in reversed(range(60)) if n % 3]
    assert numbers(records.search(school, Filter(logger="grades.maths"), size=2)) == [59, 56]
    assert numbers(records.search(school, Filter(logger="grade"))) == []
    assert numbers(records.search(school, Filter(logger="%"))) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RECORD 5 ", [5]),
        ("100 %", [50, 40, 30, 20, 10, 0]),
        ("%_X", [50, 40, 30, 20, 10, 0]),
        ("_", None),
        ("éCOLE", 54),
    ],
)
def test_text_is_found_literally_and_without_regard_to_case(school, text, expected):
    found = numbers(records.search(school, Filter(text=text)))
    if expected is None:
        expected = [50, 40, 30, 20, 10, 0]
    assert (len(found) if isinstance(expected, int) else found) == expected


def test_text_in_an_exception_is_found(serving, index):
    config = serving()
    try:
        raise KeyError("the lost key")
    except KeyError:
        logging.getLogger("a").exception("failed")
    carrier.carry(config, index)
    assert records.search(index, Filter(text="LOST KEY")).records[0].message == "failed"


def test_a_time_span_holds_both_its_ends(school):
    since, until = START + timedelta(minutes=10), START + timedelta(minutes=12)
    assert numbers(records.search(school, Filter(since=since, until=until))) == [12, 11, 10]
    assert numbers(records.search(school, Filter(since=START + timedelta(hours=2)))) == []
    assert numbers(records.search(school, Filter(until=START - timedelta(hours=2)))) == []


def test_run_request_and_user_are_found(school):
    assert numbers(records.search(school, Filter(run=14))) == [14]
    assert numbers(records.search(school, Filter(request=f"{15:016x}"))) == [15]
    assert numbers(records.search(school, Filter(user="eve"), size=2)) == [58, 56]


def test_filters_hold_together(school):
    wanted = Filter(level="INFO", logger="attendance", text="record", since=START, user="ada")
    assert numbers(records.search(school, wanted)) == [n for n in reversed(range(60)) if n % 3 == 0 and n % 2]


@pytest.mark.parametrize("level", ["LOUD", "30", "NOTSET", "' OR 1"])
def test_an_unknown_level_is_refused_with_the_known_ones(school, level):
    with pytest.raises(InputError) as caught:
        records.search(school, Filter(level=level))
    assert "DEBUG, INFO, WARNING" in caught.value.errors["level"]


@pytest.mark.parametrize("token", ["x", "b", "1", "b-1", "b1 ", "c5", "b" + "9" * 40])
def test_a_token_of_another_making_is_refused(school, token):
    with pytest.raises(InputError):
        records.search(school, token=token)


def test_the_histogram_counts_every_minute_and_level(school):
    histogram = records.histogram(school)
    assert histogram.seconds == 60
    assert len(histogram.buckets) == 60
    assert histogram.buckets[3].counts == {"ERROR": 1}
    assert histogram.buckets[0].time == START


def test_a_filtered_histogram_agrees_with_the_search(school):
    wanted = Filter(level="WARNING", logger="grades")
    counted = sum(sum(bucket.counts.values()) for bucket in records.histogram(school, wanted).buckets)
    assert counted == len(records.search(school, wanted).records)


def test_a_histogram_of_a_span_holds_only_that_span(school):
    found = records.histogram(school, since=START + timedelta(minutes=10), until=START + timedelta(minutes=19))
    assert [bucket.time.minute for bucket in found.buckets] == list(range(10, 20))


def test_a_long_histogram_has_few_bars_and_forgets_nothing(index):
    month = START + timedelta(days=30)
    times = [int(moment.timestamp() * 1_000_000) for moment in (START, START + timedelta(days=3), month)]
    entries = [{"time": time, "level": 20, "logger": "a", "pid": 1, "message": "x"} for time in times]
    with index.transaction() as connection:
        carrier._insert(connection, entries)
    found = records.histogram(index)
    assert len(found.buckets) <= records.BUCKETS + 1
    assert sum(sum(bucket.counts.values()) for bucket in found.buckets) == 3


def test_an_empty_index_has_an_empty_page_and_histogram(index):
    assert records.search(index) == records.Page([], None)
    assert records.histogram(index).buckets == []
    assert records.newest(index) == 0
    assert records.forget(index, START) == 0


def test_old_records_are_forgotten_and_newer_ones_kept(school):
    assert records.forget(school, START + timedelta(minutes=20)) == 20
    assert numbers(records.search(school))[-1] == 20
    assert records.histogram(school).buckets[0].time == START + timedelta(minutes=20)
    assert records.forget(school, START + timedelta(minutes=20)) == 0


def test_ids_go_on_rising_after_everything_old_was_forgotten(school):
    records.forget(school, START + timedelta(days=1))
    last = records.newest(school)
    entry = {"time": 2_000_000_000_000_000, "level": 20, "logger": "a", "pid": 1, "message": "new"}
    with school.transaction() as connection:
        carrier._insert(connection, [entry])
    assert records.newest(school) == last + 1 == 61


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    "wanted",
    [
        Filter(level="ERROR"),
        Filter(level="WARNING", logger="rare"),
        Filter(logger="rare"),
        Filter(since=START + timedelta(minutes=19_995)),
        Filter(run=777),
        Filter(request="0000000000000309"),
    ],
    ids=str,
)
def test_a_search_with_few_hits_does_not_read_the_whole_index(index, wanted):
    fill(index, 20_000)
    steps: list[int] = []
    with index.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(lambda: steps.append(1), 1_000)
    found = records.search(index, wanted, size=20).records  # by the same connection, out of the pool
    driver.set_progress_handler(None, 0)
    assert found
    assert len(steps) < 30  # thousand steps of SQLite; reading everything takes some 200


def fill(index, count):
    """Records of which each kind of search finds a few only, at the far end."""
    begin = int(START.timestamp()) * 1_000_000
    rows = [
        (n, begin + n * 60_000_000, 40 if n < 10 else 20, 2 if n < 10 else 1, 1, "x", None, None, f"{n:016x}", n, "ada")
        for n in range(1, count + 1)
    ]
    minutes = [(begin // 60_000_000 + n, 20, 1, n, n) for n in range(1, count + 1)]
    with index.transaction() as connection:
        bulk.insert(connection, logs.loggers, [(1, "often", 0), (2, "rare", 0)])
        bulk.insert(connection, logs.records, rows)
        bulk.insert(connection, logs.minutes, minutes)
