//! The portal as its visitors meet it: requests in, pages out, on a real database.

mod live;
mod login;
mod owners;
mod pages;
mod records;
mod settings;
mod site;
