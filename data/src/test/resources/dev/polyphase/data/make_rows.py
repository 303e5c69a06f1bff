"""Writes the files of rows that RowFileTest reads, as other programs write them.

    pip install pyarrow pandas datasets
    python make_rows.py

Made with pyarrow 26.0.1, pandas 3.1.1 and datasets 5.2.0. What each file must hold is written by
Python's json beside it, from the values that pyarrow gives back.
"""

import datetime
import decimal
import json
import os
import shutil
import tempfile

import datasets
import pandas
import pyarrow
import pyarrow.ipc
import pyarrow.parquet

HERE = os.path.dirname(os.path.abspath(__file__))
BERLIN = datetime.timezone(datetime.timedelta(hours=1))


def at(name):
    return os.path.join(HERE, name)


def plain(value):
    if isinstance(value, datetime.datetime):
        text = value.astimezone(datetime.timezone.utc) if value.tzinfo else value
        return text.strftime("%Y-%m-%d %H:%M:%S.%f").rstrip("0").rstrip(".") + ("+00" if value.tzinfo else "")
    if isinstance(value, (datetime.date, datetime.time)):
        return str(value)
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def expect(name, table):
    with open(at(name), "w", encoding="utf-8") as out:
        for row in table.to_pylist(maps_as_pydicts="strict"):
            out.write(json.dumps(plain(row), ensure_ascii=False) + "\n")


MESSAGE = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])

common = pyarrow.table(
    {
        "text": ["Grüße 😀", None, 'a "quote", a \\ and\na line\tfeed\x01'],
        "messages": pyarrow.array(
            [
                [{"role": "user", "content": "a"}, {"role": "assistant", "content": None}],
                [],
                None,
            ],
            pyarrow.list_(MESSAGE),
        ),
        "score": [float("nan"), float("-inf"), 0.1],
        "small": pyarrow.array([0.5, None, 3.25], pyarrow.float32()),
        "n": [2**53 + 1, -(2**63), 2**63 - 1],
        "u": pyarrow.array([2**64 - 1, 0, None], pyarrow.uint64()),
        "byte": pyarrow.array([-128, 127, None], pyarrow.int8()),
        "flag": [True, None, False],
        "price": pyarrow.array(
            [decimal.Decimal("1.50"), None, decimal.Decimal("-12345.25")], pyarrow.decimal128(9, 2)
        ),
        "time": pyarrow.array(
            [datetime.datetime(2024, 1, 2, 3, 4, 5, 678901), None, datetime.datetime(1969, 7, 20)],
            pyarrow.timestamp("us"),
        ),
        "moment": pyarrow.array(
            [datetime.datetime(2024, 1, 1, tzinfo=BERLIN), None, None], pyarrow.timestamp("us", "Europe/Berlin")
        ),
        "day": [datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31)],
        "kind": pyarrow.array(["b", "a", None]).dictionary_encode(),
        "tags": [["x", None], None, []],
        "counts": pyarrow.array([[("a", 1)], [], None], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
        "nothing": pyarrow.nulls(3),
    }
)
expect("common.expected.jsonl", common)

# What datasets saves, and keeps in its cache: a stream without compression.
with pyarrow.ipc.new_stream(at("common.arrow"), common.schema) as out:
    for batch in common.to_batches(max_chunksize=2):
        out.write_batch(batch)
# Feather 2 is Arrow's file; pandas compresses it by lz4.
frame = pandas.DataFrame({"text": ["a", "b" * 1000, None], "n": [1, 2, 3], "kind": pandas.Categorical(["x", "y", "x"])})
frame.to_feather(at("pandas.feather"))
expect("pandas.expected.jsonl", pyarrow.Table.from_pandas(frame, preserve_index=False))
with pyarrow.ipc.new_file(
    at("common-zstd.arrow"), common.schema, options=pyarrow.ipc.IpcWriteOptions(compression="zstd")
) as out:
    out.write_table(common)
pyarrow.parquet.write_table(common, at("common.parquet"), row_group_size=2, compression="zstd")

only_arrow = pyarrow.table(
    {
        "half": pyarrow.array([1.5, float("-inf"), None, 6.0e-8], pyarrow.float16()),
        "large": pyarrow.array(["ü", None, "", "x"], pyarrow.large_string()),
        "large_list": pyarrow.array([[1], [], None, [2, 3]], pyarrow.large_list(pyarrow.int16())),
        "view": pyarrow.array(["short", "longer than twelve bytes", None, ""], pyarrow.string_view()),
        "pair": pyarrow.array([[1, 2], [3, None], None, [5, 6]], pyarrow.list_(pyarrow.int32(), 2)),
        "clock": pyarrow.array([datetime.time(1, 2, 3), None, None, datetime.time(0, 0)], pyarrow.time32("s")),
        "second": pyarrow.array([datetime.datetime(2024, 1, 2)] * 4, pyarrow.timestamp("s")),
        "big": pyarrow.array([decimal.Decimal("0.5")] * 4, pyarrow.decimal256(50, 10)),
        "list_of_kinds": pyarrow.array(
            [["a"], ["b", "a"], None, []], pyarrow.list_(pyarrow.dictionary(pyarrow.int8(), pyarrow.string()))
        ),
        "by_number": pyarrow.array([[(1, "a")], None, [], [(2, None)]], pyarrow.map_(pyarrow.int32(), pyarrow.string())),
    }
)
expect("only-arrow.expected.jsonl", only_arrow)
with pyarrow.ipc.new_file(at("only-arrow.arrow"), only_arrow.schema) as out:
    out.write_table(only_arrow)

# Bytes, as of pictures, which JSON has not.
bytes_ = pyarrow.table({"text": ["a", None], "image": [{"bytes": b"\xff'\\a", "path": "p"}, None], "raw": [b"\x00b", None]})
with pyarrow.ipc.new_stream(at("bytes.arrow"), bytes_.schema) as out:
    out.write_table(bytes_)
pyarrow.parquet.write_table(bytes_, at("bytes.parquet"))

# A folder of save_to_disk, with its splits.
with tempfile.TemporaryDirectory() as folder:
    train = datasets.Dataset.from_list([{"text": "a"}, {"text": "b"}])
    test = datasets.Dataset.from_list([{"text": "c"}])
    datasets.DatasetDict(train=train, test=test).save_to_disk(folder)
    shutil.rmtree(at("saved"), ignore_errors=True)
    shutil.copytree(folder, at("saved"))
    os.chmod(at("saved"), 0o755)

# A table that has all that CSV has to quote; pandas reads it as the expected rows say.
frame = pandas.DataFrame({"prompt": ['say "x", please', "two\nlines", "a"], "completion": ["a;b", "c", "007"]})
frame.to_csv(at("table.csv"), index=False)
frame.to_csv(at("table.tsv"), index=False, sep="\t")
read = pandas.read_csv(at("table.csv"), dtype=str, keep_default_na=False)
expect("table.expected.jsonl", pyarrow.Table.from_pandas(read, preserve_index=False))
