//! The demo with a cluster: three members of etcd and three switches in place of the one, each under supervision. In come the folder, the ports and the program of etcd; out goes
//! what the view shows of the nodes, and in the end whether their journals are the same. What never happens here: a
//! decision about which node is active. The nodes and etcd make that among themselves.
//!
//! ```text
//! ports ─▶ layout ─▶ etcd ─▶ begin ─▶ nodes ─▶ board ◀─ observe           k, e ─▶ board ─▶ supervision ─▶ SIGKILL
//!                                               └─▶ picture, lines                             └─▶ started again
//! ```

pub mod board;
mod etcd;
pub mod journals;
mod layout;
pub mod lines;
mod observe;
pub mod picture;
mod ports;
pub mod system;
