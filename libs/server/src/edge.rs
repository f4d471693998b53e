//! What stands between the network and the handlers.

pub(crate) mod accept;
pub(crate) mod check;
pub(crate) mod deadline;
pub(crate) mod ended;
pub(crate) mod farewell;
pub(crate) mod malformed;
pub(crate) mod open;
pub(crate) mod panic;
pub(crate) mod shed;
pub(crate) mod uncalled;
