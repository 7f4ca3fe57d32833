//! What holds for every text and every build, tried on random ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use layerlab::context::{Digest, Entry, File, Tree};
use layerlab::dockerfile::ast::{Comment, Dockerfile, Instruction, Span};
use layerlab::dockerfile::expand::Lexer;
use layerlab::dockerfile::{self, Diagnostic};
use layerlab::graph::{self, GraphOptions};
use layerlab::simulate::{BuildInput, Simulator};
use layerlab::solver::Status;
use proptest::prelude::*;
