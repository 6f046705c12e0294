// SPDX-License-Identifier: MIT
// Every kernel's source.
#pragma once

#include "expect_errors.hpp"
#include "first_back.hpp"
#include "forces.hpp"
#include "last_update.hpp"
#include "pack.hpp"
#include "pairs.hpp"
#include "receive.hpp"
#include "search.hpp"
#include "send_back.hpp"
#include "sort.hpp"
#include "update.hpp"
