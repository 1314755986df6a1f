//! Lists as data engines write them: Parquet, in parts, with what became of each photo.

use std::fs::{self, File};
use std::process::Command;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::command::Desk;

/// A row: record id, what was written, status, error message, source.
type Row<'a> = (i64, Option<&'a str>, &'a str, Option<&'a str>, &'a str);

/// Writes rows as an engine does, each to a Contact.
fn write(desk: &Desk, name: &str, rows: &[Row<'_>]) {
    let schema = "message rows {
        REQUIRED INT64 record_id; REQUIRED BINARY module (UTF8); OPTIONAL BINARY output_uri (UTF8);
        REQUIRED BINARY status (UTF8); OPTIONAL BINARY error_message (UTF8); REQUIRED BINARY uri (UTF8);
    }";
    let path = desk.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
    column.close().unwrap();
    let texts: [Vec<Option<&str>>; 5] = [
        rows.iter().map(|_| Some("Contacts")).collect(),
        rows.iter().map(|row| row.1).collect(),
        rows.iter().map(|row| Some(row.2)).collect(),
        rows.iter().map(|row| row.3).collect(),
        rows.iter().map(|row| Some(row.4)).collect(),
    ];
    for (at, texts) in texts.iter().enumerate() {
        let levels: Vec<i16> = texts.iter().map(|text| text.is_some().into()).collect();
        let values: Vec<ByteArray> = texts.iter().flatten().map(|&text| text.into()).collect();
        let is_optional = at == 1 || at == 3;
        let mut column = group.next_column().unwrap().unwrap();
        column
            .typed::<ByteArrayType>()
            .write_batch(&values, is_optional.then_some(&levels), None)
            .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn what_an_engine_wrote_is_uploaded_as_it_is() {
    let desk = Desk::new(3);
    write(
        &desk,
        "rows/part-1.parquet",
        &[(3_000_000_038_009, Some("1.jpg"), "ok", None, "in/1.heic")],
    );
    write(
        &desk,
        "rows/part-0.parquet",
        &[
            (2, Some("2.jpg"), "ok", None, "in/2.heic"),
            (4, None, "failed", Some("not a photo"), "in/4.txt"),
            (3, Some("3.jpg"), "ok", None, "in/3.heic"),
        ],
    );
    fs::write(desk.path("rows/_SUCCESS"), "").unwrap();
    fs::write(desk.path("rows/.part-1.parquet.crc"), "crc").unwrap();
    let (code, lines, told) = desk.run(&["--records", "rows", "--journal", "done"]);
    assert_eq!((code, lines.len(), desk.requests()), (1, 4, 3), "{told}");
    let records = ["Contacts/2", "Contacts/4", "Contacts/3", "Contacts/3000000038009"];
    for ((line, record), status) in lines.iter().zip(records).zip(["ok", "failed", "ok", "ok"]) {
        assert_eq!(
            (&line["upload"]["record"], &line["status"]),
            (&record.into(), &status.into())
        );
    }
    assert_eq!(
        (&lines[1]["input"], &lines[1]["error"]["kind"]),
        (&"in/4.txt".into(), &"not-prepared".into())
    );
    assert!(lines[1]["error"]["message"].as_str().unwrap().ends_with("not a photo"));
    assert!(told.contains("3 stored, 1 failed, 0 skipped"), "{told}");

    let (code, lines, told) = desk.run(&["--records", "rows", "--journal", "done", "--resume"]);
    assert_eq!((code, lines.len(), desk.requests()), (1, 4, 3), "{told}");
    assert!(told.contains("0 stored, 1 failed, 3 skipped"), "{told}");
}

#[test]
fn mistakes_are_told_by_part_and_row() {
    let desk = Desk::new(1);
    write(
        &desk,
        "rows/a.parquet",
        &[(1, Some("1.jpg"), "ok", None, ""), (2, None, "ok", None, "")],
    );
    write(
        &desk,
        "rows/b.parquet",
        &[(1, Some("1.jpg"), "ok", None, ""), (-3, Some("1.jpg"), "ok", None, "")],
    );
    let (code, _, told) = desk.run(&["--records", "rows"]);
    assert_eq!((code, desk.requests()), (2, 0), "{told}");
    for place in [
        "a.parquet, row 2: no photo",
        "b.parquet, row 1: Contacts/1 has a photo on a.parquet, row 1 already",
        "b.parquet, row 2: record id",
    ] {
        assert!(told.contains(place), "{place} in {told}");
    }

    write(&desk, "whole.parquet", &[(1, Some("1.jpg"), "ok", None, "")]);
    let whole = fs::read(desk.path("whole.parquet")).unwrap();
    fs::write(desk.path("cut.parquet"), &whole[..whole.len() - 20]).unwrap();
    let (code, _, told) = desk.run(&["--records", "cut.parquet"]);
    assert_eq!((code, desk.requests()), (2, 0), "{told}");
    assert!(told.contains("cut.parquet: "), "{told}");

    fs::create_dir(desk.path("empty")).unwrap();
    let (code, _, told) = desk.run(&["--records", "empty"]);
    assert_eq!(code, 2);
    assert!(
        told.contains("empty has no file that ends in .csv or .parquet"),
        "{told}"
    );
}

/// A Python that writes Parquet; `None`, with the reason printed, where there is none.
fn pyarrow() -> Option<Command> {
    let python = std::env::var_os("PHOTOFIT_PYTHON").unwrap_or_else(|| "python3".into());
    let found = Command::new(&python).args(["-c", "import pyarrow"]).output();
    if !found.is_ok_and(|o| o.status.success()) {
        println!("skipped: {} has no pyarrow (set PHOTOFIT_PYTHON)", python.display());
        return None;
    }
    Some(Command::new(python))
}

#[test]
fn files_of_arrow_are_read_in_every_compression() {
    let Some(mut python) = pyarrow() else { return };
    let desk = Desk::new(5);
    // Dictionaries, 64-bit offsets, doubles for numbers with a gap, nested columns that nobody wants.
    let program = r#"
import pyarrow as pa, pyarrow.parquet as pq
for n, compression in enumerate(["none", "snappy", "gzip", "lz4", "zstd"], 1):
    pq.write_table(pa.table({
        "Photo": pa.array([f"{n}.jpg"], pa.large_string()),
        "report": pa.array([{"width": 1, "losses": ["alpha"]}]),
        "module": pa.array(["Contacts"]).dictionary_encode(),
        "record_id": pa.array([3000000038000.0 + n]),
        "note": pa.array([None], pa.string()),
    }), f"rows/{n}.parquet", compression=compression)
"#;
    fs::create_dir(desk.path("rows")).unwrap();
    let made = python
        .args(["-c", program])
        .current_dir(desk.path("."))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (code, lines, told) = desk.run(&["--records", "rows"]);
    assert_eq!((code, lines.len()), (0, 5), "{told}");
    for (n, line) in (1..).zip(&lines) {
        assert_eq!(line["input"], format!("{n}.jpg"));
        assert_eq!(line["upload"]["record"], format!("Contacts/300000003800{n}"));
    }
}
