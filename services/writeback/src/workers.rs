//! Background work, on the work role. Each loop looks at the state, does what is due, and sleeps
//! until its timer or until something was raised.

mod housekeeping;
mod overdue;
mod receive;
mod send;

pub use housekeeping::Housekeeping;
pub use overdue::Overdue;
pub use receive::Receive;
pub use send::Send;
