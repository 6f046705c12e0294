// SPDX-License-Identifier: MIT
// The interface behind `Student`: one way of evaluating a model file, on one device.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "halo/halo_session.hpp"
#include "ipip/export.hpp"
#include "ipip/student.hpp"

namespace ipip {

/// Out of memory, on a device or in a library that has an exception for it.
class IPIP_API OutOfMemory : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A backend computes energies, forces and virials where its data is. Failures are exceptions of
/// the standard library, whose `what()` is one line, or `ipip::Error`. Uncertainties are requested
/// only for a student whose file has them (`ModelFile::uncertainty`), and come from the same pass.
class Backend {
 public:
  virtual ~Backend() = default;

  /// One step of a graph, whose arrays were checked to fit each other. Collective under the
  /// session's exchanger.
  virtual void evaluate(const Graph& graph, const Wanted& wanted, HaloSession& session,
                        Results& results) = 0;

  /// The final scalars of each atom of a graph without halo rows, [n_local, feature_width()].
  virtual void features(const Graph& graph, std::vector<double>& rows) = 0;
  virtual std::int64_t feature_width() const = 0;

  /// Sets the candidates of the steps that follow, whose arrays were checked to fit each other.
  /// They stay unchanged until the next call.
  virtual void set_candidates(const Candidates& candidates) = 0;

  /// Whether the backend can find candidates itself, where its data is: see the functions of these
  /// names in `Student`.
  virtual bool finds_candidates() const { return false; }
  virtual void find_contacts(const Places& /*places*/, const double* /*points*/,
                             std::vector<std::uint8_t>& /*contacts*/) {
    throw std::logic_error("this backend does not find candidates itself");
  }
  /// @return number of candidates
  virtual std::int64_t find_candidates(const Candidates& /*rows*/) {
    throw std::logic_error("this backend does not find candidates itself");
  }
  virtual void fetch_candidates(Candidates& /*candidates*/) const {
    throw std::logic_error("this backend does not find candidates itself");
  }

  /// One step of the candidates, for points [n_points, 3] Å, as many as they name or more.
  /// Collective as above.
  virtual void evaluate(const double* points, const Wanted& wanted, HaloSession& session,
                        Results& results) = 0;

  /// Numbers per row of each forward exchange of a step, in order, in the student's precision.
  virtual std::vector<std::int64_t> exchange_widths() const = 0;

  /// Whether the adjoint of each exchange follows, from the last to the first.
  virtual bool makes_adjoints() const = 0;

  /// Whether a step takes much main memory and gives it back.
  virtual bool frees_memory_each_step() const = 0;

  /// Frees the memory that a failed step has taken.
  virtual void release() = 0;

  /// Bytes in main memory that are kept between steps.
  virtual double buffer_bytes() const = 0;

  /// See `Student::device_calls`.
  virtual std::map<std::string, std::int64_t> device_calls() const { return {}; }

  /// What runs, in a few words for a log: "kernels, avx512, ..." or "torchscript on cuda:0".
  virtual std::string description() const = 0;

  /// Whether it runs the program in the model file.
  virtual bool runs_code() const = 0;
};

}  // namespace ipip
