// SPDX-License-Identifier: MIT
#include "painn.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include "ipip/error.hpp"

namespace ipip::cuda {
namespace {

constexpr std::int64_t kUsualShared = 52 * 1024;  // bytes of a block: several fit on any GPU
constexpr int kTileRows[] = {32, 16, 8, 4};
constexpr int kFewestRows = 8;    // with fewer, matrices are read too often
constexpr int kBlocksWanted = 2;  // of a multiprocessor
constexpr int kMostParts = 6;     // of rows that travel

// The most rows whose tiles leave room for other blocks, or the fewest.
template <class T>
Tiles choose_tiles(int channels, int readout_width, std::int64_t most_shared) {
  Tiles tiles;
  tiles.width = channels + std::max(2 * channels, readout_width);
  tiles.pitch = tiles.width + 4;
  const auto bytes = [&] { return tiles.numbers() * static_cast<std::int64_t>(sizeof(T)); };
  for (const int rows : kTileRows) {
    tiles.rows = rows;
    if (bytes() <= std::min(kUsualShared, most_shared)) return tiles;
  }
  if (bytes() <= most_shared) return tiles;
  throw Error("the student has " + std::to_string(channels) + " channels and a readout of " +
              std::to_string(readout_width) + ", whose blocks take " + std::to_string(bytes()) +
              " bytes of shared memory, but the device has " + std::to_string(most_shared) +
              ": use device cpu, or a student with fewer channels");
}

}  // namespace

template <class T>
Painn<T>::Painn(Machine& machine, const PainnModel& model, double table_error,
                const std::optional<Uncertainty>& uncertainty)
    : machine_(machine),
      model_(machine, model, table_error, uncertainty),
      bare_channels_(model.channels),
      last_context_(model.layers.back().context[1]),
      cutoff_(model.cutoff),
      epsilon_(static_cast<T>(model.epsilon)),
      most_tiles_(
          choose_tiles<T>(model_.channels, model_.readout_width, machine.most_shared_bytes())),
      exchange_(machine, model.channels, model_.channels),
      step_(machine),
      states_(machine),
      gradients_(machine),
      place_(machine),
      shape_(machine),
      count_(machine),
      slot_(machine),
      pair_gradients_(machine),
      energies_(machine),
      forces_(machine),
      row_sums_(machine),
      slice_sums_(machine),
      sums_(machine),
      atom_virials_(machine),
      expected_(machine),
      host_energies_(machine),
      host_sums_(machine),
      host_forces_(machine),
      host_atom_virials_(machine),
      host_expected_(machine) {
  for (std::size_t l = 0; l < model.layers.size(); ++l) layers_.emplace_back(machine);
}

// What each layer but the first is sent, then the gradients of each layer but the first.
template <class T>
std::vector<std::int64_t> Painn<T>::exchange_widths() const {
  const std::size_t between = layers_.size() - 1;
  std::vector<std::int64_t> widths(2 * between, 6 * bare_channels_);
  std::fill_n(widths.begin() + static_cast<std::ptrdiff_t>(between), between, 4 * bare_channels_);
  return widths;
}

// Fewer rows a block, and so more blocks, where a few atoms would leave multiprocessors idle.
template <class T>
Tiles Painn<T>::tiles(std::int64_t n_rows) const {
  Tiles tiles = most_tiles_;
  const std::int64_t wanted = std::int64_t{kBlocksWanted} * machine_.multiprocessors();
  while (tiles.rows > kFewestRows && blocks_for(n_rows, tiles.rows) < wanted) tiles.rows /= 2;
  return tiles;
}

template <class T>
void Painn<T>::prepare(const PairSource& source, const Wanted& wanted) {
  n_local_ = source.n_local();
  n_total_ = source.n_total();
  // A student of one layer exchanges nothing, whatever its rows are.
  if (layers_.size() > 1) exchange_.start(n_local_, n_total_, source.generation(), kMostParts);
  n_border_ = exchange_.active() ? std::max(source.n_outer(), exchange_.n_early()) : n_local_;
  const std::int64_t channels = model_.channels, n = source.n_candidates();
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    if (l > 0) {
      layer.sent.resize(6 * n_total_ * channels);
      layer.scalars.resize(n_local_ * channels);
      layer.hidden.resize(n_local_ * channels);
    }
    layer.mixed.resize(6 * n_local_ * channels);
    layer.context.resize(n_local_ * channels);
    layer.gains.resize((is_last(l) ? 1 : 3) * n_local_ * channels);
  }
  states_.resize(4 * n_total_ * channels);
  gradients_.resize(4 * n_total_ * channels);
  place_.resize(2 * n);
  shape_.resize(4 * n);
  count_.resize(n_local_);
  slot_.resize(n);
  pair_gradients_.resize(4 * n);
  energies_.resize(n_local_);
  row_sums_.resize(wanted.totals ? kSums * n_local_ : 0);
  slice_sums_.resize(wanted.totals ? kSums * kMostSlices : 0);
  sums_.resize(wanted.totals ? kSums : 0);
  forces_.resize(3 * n_total_);
  atom_virials_.resize(wanted.atom_virials ? 9 * n_total_ : 0);
  expected_.resize(wanted.uncertainties ? n_local_ : 0);
  // Not while the queue is recorded.
  host_energies_.resize(wanted.totals ? energies_.size() : 0);
  host_forces_.resize(forces_.size());
  host_sums_.resize(sums_.size());
  host_atom_virials_.resize(atom_virials_.size());
  host_expected_.resize(expected_.size());
}

// The queue of a step is the same until candidates, ranks or memory change: it is launched as one,
// or in pieces between exchanges. Steps that request more results have separate queues.
template <class T>
void Painn<T>::replay_step(PairSource& source, const Wanted& wanted) {
  const Recorded now{source.generation(), machine_.calls().allocations, exchange_.active()};
  if (!(recorded_ == now)) {
    recorded_steps_.clear();
    step_.drop();
    recorded_ = now;
  }
  const RecordedStep step{wanted.atom_virials, wanted.uncertainties, wanted.totals};
  const auto known = std::find(recorded_steps_.begin(), recorded_steps_.end(), step);
  auto number = static_cast<std::size_t>(known - recorded_steps_.begin());
  if (known == recorded_steps_.end()) {
    recorded_ = Recorded();  // nothing is kept if it fails
    number = step_.record([&] { queue_step(source); });
    recorded_ = now;
    recorded_steps_.push_back(step);
  }
  step_.replay(number);
}

template <class T>
void Painn<T>::evaluate(PairSource& source, const Wanted& wanted, Results& results) {
  using Clock = std::chrono::steady_clock;
  prepare(source, wanted);
  const Clock::time_point start = Clock::now();
  const double exchanged = exchange_.seconds();
  if (source.given()) {
    queue_step(source);
  } else {
    replay_step(source, wanted);
  }
  machine_.wait();
  // One queue goes forward and back.
  results.forward_seconds = std::chrono::duration<double>(Clock::now() - start).count() -
                            (exchange_.seconds() - exchanged);
  take(source, results);
}

template <class T>
void Painn<T>::take(const PairSource& source, Results& results) const {
  const auto copy = [](const HostMemory<double>& from, std::vector<double>& to) {
    to.assign(from.data(), from.data() + from.size());
  };
  copy(host_energies_, results.atom_energies);
  copy(host_forces_, results.forces);
  copy(host_atom_virials_, results.atom_virials);
  copy(host_expected_, results.uncertainties);
  if (host_sums_.size() > 0) {
    std::copy_n(host_sums_.data(), 9, results.virial.begin());
    results.n_pairs = static_cast<std::int64_t>(host_sums_.data()[9]);
  } else {
    results.virial.fill(std::numeric_limits<double>::quiet_NaN());
    results.n_pairs = -1;
  }
  source.closest(results.closest);
}

template <class T>
void Painn<T>::release() {
  for (Layer& layer : layers_) {
    for (Memory<T>* memory : layer.all()) memory->release();
  }
  for (Memory<T>* memory : {&states_, &gradients_, &shape_, &pair_gradients_}) memory->release();
}

template <class T>
double Painn<T>::host_bytes() const {
  return host_energies_.bytes() + host_sums_.bytes() + host_forces_.bytes() +
         host_atom_virials_.bytes() + host_expected_.bytes() + exchange_.host_bytes();
}

template class Painn<float>;
template class Painn<double>;

}  // namespace ipip::cuda
