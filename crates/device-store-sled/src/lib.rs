//! A persistent store of device sets on sled, with durable acknowledgement and durable-before-visible reads.
