// SPDX-License-Identifier: MIT
#pragma once

/// Marks what libipip exports; everything else stays hidden.
#define IPIP_API __attribute__((visibility("default")))
