//! Rows as Parquet: row groups of bounded length, compressed with Snappy.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type as SchemaType;

use super::columns::{COLUMNS, Type, Value};

/// Rows of a group, which are in memory together.
const GROUP_ROWS: usize = 16_384;

/// Writes a file.
pub(super) struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    rows: Vec<Vec<Option<Value>>>,
}

impl<W: Write + Send> Writer<W> {
    pub fn new(out: W) -> Result<Self> {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let file = SerializedFileWriter::new(out, schema()?, Arc::new(properties.build()))?;
        Ok(Self {
            file,
            rows: Vec::with_capacity(GROUP_ROWS),
        })
    }

    pub fn row(&mut self, row: Vec<Option<Value>>) -> Result<()> {
        self.rows.push(row);
        match self.rows.len() {
            GROUP_ROWS => self.group(),
            _ => Ok(()),
        }
    }

    /// Writes the rest and the end of the file.
    pub fn finish(mut self) -> Result<()> {
        if !self.rows.is_empty() {
            self.group()?;
        }
        self.file.close().map(drop)
    }

    fn group(&mut self) -> Result<()> {
        let mut group = self.file.next_row_group()?;
        for (place, column) in COLUMNS.iter().enumerate() {
            let values = self.rows.iter().map(|row| row[place].as_ref());
            let defined: Vec<i16> = values.clone().map(|value| value.is_some().into()).collect();
            let Some(mut writer) = group.next_column()? else {
                break;
            };
            match column.of {
                Type::Text => {
                    let texts = values.flatten().filter_map(|value| match value {
                        Value::Text(text) => Some(ByteArray::from(text.as_str())),
                        Value::Number(_) | Value::Moment(_) => None,
                    });
                    let texts: Vec<_> = texts.collect();
                    let typed = writer.typed::<ByteArrayType>();
                    typed.write_batch(&texts, Some(&defined), None)?;
                }
                Type::Number | Type::Moment => {
                    let numbers = values.flatten().filter_map(|value| match value {
                        Value::Number(number) => Some(*number),
                        Value::Moment(at) => i64::try_from(at.milliseconds()).ok(),
                        Value::Text(_) => None,
                    });
                    let numbers: Vec<_> = numbers.collect();
                    let typed = writer.typed::<Int64Type>();
                    typed.write_batch(&numbers, Some(&defined), None)?;
                }
            }
            writer.close()?;
        }
        group.close()?;
        self.rows.clear();
        Ok(())
    }
}

fn schema() -> Result<Arc<SchemaType>> {
    let fields = COLUMNS.iter().map(|column| {
        let (physical, logical) = match column.of {
            Type::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Type::Number => (Physical::INT64, None),
            Type::Moment => {
                let logical = LogicalType::timestamp(true, TimeUnit::MILLIS);
                (Physical::INT64, Some(logical))
            }
        };
        let field = SchemaType::primitive_type_builder(column.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(field))
    });
    let fields = fields.collect::<Result<_>>()?;
    let schema = SchemaType::group_type_builder("events").with_fields(fields);
    Ok(Arc::new(schema.build()?))
}
