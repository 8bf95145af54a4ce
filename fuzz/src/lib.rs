//! What is done with an input: a module for each reader of bytes from outside, which no input may end. Run by the fuzzer
//! (`make fuzz`), and by the tests on seeds that are changed at random (`make test AREA=random_input`).

pub mod configuration;
pub mod http;
pub mod journal;
pub mod leased_rows;
pub mod mail_server;
pub mod message;
pub mod message_centre;
pub mod records;
pub mod text;
