// SPDX-License-Identifier: MIT
#include "painn.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "ipip/error.hpp"

namespace ipip::cuda {
namespace {

constexpr std::int64_t kUsualShared = 52 * 1024;  // bytes of a block: several fit on any GPU
constexpr int kTileRows[] = {32, 16, 8, 4};
constexpr int kFewestRows = 8;    // fewer read the matrices too often
constexpr int kBlocksWanted = 2;  // of a multiprocessor
constexpr std::int64_t kRowsPerSlice = 256, kMostSlices = 64;

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
              " bytes of shared memory, and the device has " + std::to_string(most_shared) +
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
      exchange_(model.channels, model_.channels),
      states_(machine),
      gradients_(machine),
      place_(machine),
      shape_(machine),
      count_(machine),
      slot_(machine),
      pair_gradients_(machine),
      energies_(machine),
      row_sums_(machine),
      slice_sums_(machine),
      sums_(machine),
      forces_(machine),
      atom_virials_(machine),
      expected_(machine),
      host_energies_(machine),
      host_sums_(machine),
      host_forces_(machine),
      host_atom_virials_(machine),
      host_expected_(machine),
      host_rows_(machine) {
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

// Launches the kernel of the student's channels a lane, whose arguments `fill` sets.
template <class T>
template <template <class, int> class Kernel, class Fill>
void Painn<T>::launch_strip(Fill&& fill) {
  const auto go = [&](auto kernel) {
    fill(kernel);
    machine_.launch(kernel);
  };
  if (model_.strip == 2) {
    go(Kernel<T, 2>());
  } else {
    go(Kernel<T, 1>());
  }
}

// Fewer rows a block, and so more blocks, where a few atoms would leave multiprocessors idle.
template <class T>
Tiles Painn<T>::tiles() const {
  Tiles tiles = most_tiles_;
  const std::int64_t wanted = std::int64_t{kBlocksWanted} * machine_.multiprocessors();
  while (tiles.rows > kFewestRows && blocks_for(n_local_, tiles.rows) < wanted) tiles.rows /= 2;
  return tiles;
}

template <class T>
void Painn<T>::prepare(const PairSource& source, const Wanted& wanted) {
  n_local_ = source.n_local();
  n_total_ = source.n_total();
  // A student of one layer exchanges nothing, whatever its rows are.
  if (layers_.size() > 1) exchange_.start(n_local_, n_total_);
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
  row_sums_.resize(kSums * n_local_);
  slice_sums_.resize(kSums * kMostSlices);
  sums_.resize(kSums);
  forces_.resize(3 * n_total_);
  atom_virials_.resize(wanted.atom_virials ? 9 * n_total_ : 0);
  expected_.resize(wanted.uncertainties ? n_local_ : 0);
  // Not while the queue is recorded.
  host_energies_.resize(energies_.size());
  host_forces_.resize(forces_.size());
  host_sums_.resize(sums_.size());
  host_atom_virials_.resize(atom_virials_.size());
  host_expected_.resize(expected_.size());
}

template <class T>
PairRows<T> Painn<T>::pairs(const PairSource& source) const {
  return {source.first(), count_.array(), place_.array(), shape_.array(), cutoff_ / model_.pieces};
}

template <class T>
LayerRows<T> Painn<T>::rows_of(std::size_t l, const PairSource& source) const {
  return {model_.channels, model_.tables[l], source.species(),
          l == 0 ? model_.first_messages : layers_[l].sent.array(),
          l == 0 ? model_.embedding : layers_[l].scalars.array()};
}

template <class T>
UpdateState<T> Painn<T>::kept(std::size_t l) const {
  return {layers_[l].mixed.array(), layers_[l].context.array(), layers_[l].gains.array()};
}

template <class T>
void Painn<T>::queue_forward(const PairSource& source, bool uncertainties) {
  FindPairs<T> find = source.find<T>();
  find.cutoff_squared = cutoff_ * cutoff_;
  find.pieces = model_.pieces;
  find.pairs = pairs(source);
  find.slot = slot_.array();
  machine_.launch(find);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const auto receive = [&](auto kernel) {
      kernel.n_local = n_local_;
      kernel.pairs = pairs(source);
      kernel.rows = rows_of(l, source);
      kernel.states = states_.array();
      machine_.launch(kernel);
    };
    if (l == 0) {
      model_.strip == 2 ? receive(Receive<T, 2, true>()) : receive(Receive<T, 1, true>());
    } else {
      model_.strip == 2 ? receive(Receive<T, 2, false>()) : receive(Receive<T, 1, false>());
    }
    const auto update = [&](auto kernel) {
      kernel.n_local = n_local_;
      kernel.channels = model_.channels;
      kernel.tiles = tiles();
      kernel.epsilon = epsilon_;
      kernel.matrices = model_.updates[l];
      kernel.states = states_.array();
      kernel.kept = kept(l);
      return kernel;
    };
    if (is_last(l)) {
      LastUpdate<T> kernel = update(LastUpdate<T>());
      kernel.readout = model_.readout;
      kernel.species = source.species();
      kernel.energies = energies_.array();
      kernel.gradients = gradients_.array();
      machine_.launch(kernel);
      if (uncertainties) queue_errors(source);
      if (layers_.size() > 1) exchange(gradients_, 4);
    } else {
      Update<T> kernel = update(Update<T>());
      kernel.messages = model_.messages[l + 1];
      kernel.scalars = layers_[l + 1].scalars.array();
      kernel.hidden = layers_[l + 1].hidden.array();
      kernel.sent = layers_[l + 1].sent.array();
      machine_.launch(kernel);
      exchange(layers_[l + 1].sent, 6);
    }
  }
}

// From what the last update leaves, before the way back takes its place.
template <class T>
void Painn<T>::queue_errors(const PairSource& source) {
  ExpectErrors<T> kernel;
  kernel.n_local = n_local_;
  kernel.channels = model_.channels;
  kernel.tiles = tiles();
  kernel.model = model_.errors;
  kernel.species = source.species();
  kernel.states = states_.array();
  kernel.kept = kept(layers_.size() - 1);
  kernel.expected = expected_.array();
  machine_.launch(kernel);
  download(machine_, expected_, host_expected_);
}

// From `gradients_` (after the messages of a layer) to those of the layer below, which take the
// place of the states.
template <class T>
void Painn<T>::queue_backward(const PairSource& source) {
  bool in_gradients = true;
  for (std::size_t l = layers_.size() - 1; l > 0; --l) {
    Memory<T>& above = in_gradients ? gradients_ : states_;
    Memory<T>& below = in_gradients ? states_ : gradients_;
    // Nothing is kept in the last layer's mixed rows any more.
    const Array<T> message_gradients = layers_.back().mixed.array();
    launch_strip<SendBack>([&](auto& kernel) {
      kernel.n_local = n_local_;
      kernel.add = !is_last(l);
      kernel.pairs = pairs(source);
      kernel.rows = rows_of(l, source);
      kernel.gradients = above.array();
      kernel.message_gradients = message_gradients;
      kernel.state_gradients = below.array();
      kernel.pair_gradients = pair_gradients_.array();
    });
    UpdateBack<T> back;
    back.n_local = n_local_;
    back.channels = model_.channels;
    back.tiles = tiles();
    back.epsilon = epsilon_;
    back.matrices = model_.updates[l - 1];
    back.messages = model_.messages[l];
    back.kept = kept(l - 1);
    back.hidden = layers_[l].hidden.array();
    back.message_gradients = message_gradients;
    back.gradients = below.array();
    machine_.launch(back);
    if (l > 1) exchange(below, 4);
    in_gradients = !in_gradients;
  }
  launch_strip<FirstBack>([&](auto& kernel) {
    kernel.n_local = n_local_;
    kernel.add = layers_.size() > 1;
    kernel.pairs = pairs(source);
    kernel.rows = rows_of(0, source);
    kernel.gradients = (in_gradients ? gradients_ : states_).array();
    kernel.core = model_.core;
    kernel.pair_gradients = pair_gradients_.array();
    kernel.energies = energies_.array();
    kernel.sums = row_sums_.array();
  });
}

template <class T>
void Painn<T>::queue_forces(const PairSource& source, bool atom_virials) {
  GatherForces<T> gather;
  gather.n_local = n_local_;
  gather.n_total = n_total_;
  gather.pairs = pairs(source);
  gather.gradients = pair_gradients_.array();
  gather.sent_first = source.sent_first();
  gather.sent = source.sent();
  gather.slot = slot_.array();
  gather.forces = forces_.array();
  gather.atom_virials = atom_virials_.array();
  machine_.launch(gather);
  SumRows sum;
  sum.n_rows = n_local_;
  sum.n_slices = std::clamp<std::int64_t>(blocks_for(n_local_, kRowsPerSlice), 1, kMostSlices);
  sum.rows = row_sums_.array();
  sum.sums = slice_sums_.array();
  machine_.launch(sum);
  machine_.launch(SumRows{sum.n_slices, 1, slice_sums_.array(), sums_.array()});
  download(machine_, energies_, host_energies_);
  download(machine_, forces_, host_forces_);
  download(machine_, sums_, host_sums_);
  if (atom_virials) download(machine_, atom_virials_, host_atom_virials_);
}

// What the step before left is of no use.
template <class T>
void Painn<T>::forget_step() {
  for (Layer& layer : layers_) {
    for (Memory<T>* memory :
         {&layer.scalars, &layer.hidden, &layer.sent, &layer.mixed, &layer.context, &layer.gains}) {
      memory->forget();
    }
  }
  for (Memory<T>* memory : {&states_, &gradients_, &shape_, &pair_gradients_}) memory->forget();
  for (Memory<int>* memory : {&place_, &count_, &slot_}) memory->forget();
  for (Memory<double>* memory :
       {&energies_, &row_sums_, &slice_sums_, &sums_, &forces_, &expected_}) {
    memory->forget();
  }
}

template <class T>
void Painn<T>::queue_step(PairSource& source, const Wanted& wanted) {
  forget_step();
  source.queue_positions();
  queue_forward(source, wanted.uncertainties);
  queue_backward(source);
  queue_forces(source, wanted.atom_virials);
  source.queue_results();
}

// Early rows go to the host, halo rows come back.
template <class T>
void Painn<T>::exchange(Memory<T>& rows, int parts) {
  if (!exchange_.active()) return;
  const std::int64_t width = static_cast<std::int64_t>(parts) * model_.channels;
  host_rows_.resize(n_total_ * width);
  T* const table = host_rows_.data();
  const auto bytes = sizeof(T);
  const std::int64_t early = exchange_.n_early() * width;
  if (early > 0) machine_.download(table, rows.array().data, 0, early, bytes);
  machine_.wait();
  exchange_.begin(table, parts);
  exchange_.end();
  const std::int64_t begin = n_local_ * width, count = n_total_ * width - begin;
  if (count > 0) machine_.upload(rows.array().data, begin, table + begin, count, bytes);
  machine_.wait();
}

// The queue of a step is the same until there are other candidates or other memory: it is launched
// as one.
template <class T>
void Painn<T>::replay_step(PairSource& source, const Wanted& wanted) {
  const Recorded now{source.generation(), machine_.allocations(), wanted.atom_virials,
                     wanted.uncertainties};
  if (!(recorded_ == now)) {
    recorded_ = Recorded();
    machine_.begin_recording();
    try {
      queue_step(source, wanted);
    } catch (...) {
      machine_.drop_recording();
      throw;
    }
    machine_.end_recording();
    recorded_ = now;
  }
  machine_.replay();
}

template <class T>
void Painn<T>::evaluate(PairSource& source, const Wanted& wanted, Results& results) {
  using Clock = std::chrono::steady_clock;
  prepare(source, wanted);
  const Clock::time_point start = Clock::now();
  const double exchanged = exchange_.seconds();
  if (source.given() || exchange_.active()) {
    queue_step(source, wanted);
  } else {
    replay_step(source, wanted);
  }
  machine_.wait();
  // One queue goes forward and back.
  results.forward_seconds = std::chrono::duration<double>(Clock::now() - start).count() -
                            (exchange_.seconds() - exchanged);
  take(source, wanted, results);
}

// The last layer's a_ss is in the readout's matrix on the device, so it is made here. c: channel.
template <class T>
void Painn<T>::features(PairSource& source, std::vector<double>& rows) {
  prepare(source, {});
  forget_step();
  source.queue_positions();
  queue_forward(source, false);
  const Layer& last = layers_.back();
  HostMemory<T> states(machine_), mixed(machine_), context(machine_), gains(machine_);
  const auto fetch = [this](const Memory<T>& from, std::int64_t size, HostMemory<T>& to) {
    to.resize(size);
    if (size > 0) machine_.download(to.data(), from.array().data, 0, size, sizeof(T));
  };
  const std::int64_t wide = model_.channels, channels = bare_channels_;
  fetch(states_, 4 * n_local_ * wide, states);
  fetch(last.mixed, 6 * n_local_ * wide, mixed);
  fetch(last.context, n_local_ * wide, context);
  fetch(last.gains, n_local_ * wide, gains);
  machine_.wait();
  rows.resize(static_cast<std::size_t>(n_local_ * channels));
  std::vector<double> hidden(static_cast<std::size_t>(channels));
  for (std::int64_t row = 0; row < n_local_; ++row) {
    const T* const z = context.data() + row * wide;
    for (std::int64_t c = 0; c < channels; ++c) {
      hidden[static_cast<std::size_t>(c)] = z[c] / (1.0 + std::exp(-static_cast<double>(z[c])));
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      const T* const m = mixed.data() + row * 6 * wide + c;
      const double dot = static_cast<double>(m[0]) * m[wide] +
                         static_cast<double>(m[2 * wide]) * m[3 * wide] +
                         static_cast<double>(m[4 * wide]) * m[5 * wide];
      double s = states.data()[row * 4 * wide + c] + gains.data()[row * wide + c] * dot +
                 last_context_.bias[static_cast<std::size_t>(c)];
      const double* const weight = last_context_.weight.data() + c * last_context_.n_in;
      for (std::int64_t k = 0; k < channels; ++k)
        s += weight[k] * hidden[static_cast<std::size_t>(k)];
      rows[static_cast<std::size_t>(row * channels + c)] = s;
    }
  }
}

template <class T>
void Painn<T>::take(const PairSource& source, const Wanted& wanted, Results& results) const {
  results.atom_energies.assign(host_energies_.data(), host_energies_.data() + n_local_);
  results.forces.assign(host_forces_.data(), host_forces_.data() + 3 * n_total_);
  std::copy_n(host_sums_.data(), 9, results.virial.begin());
  results.n_pairs = static_cast<std::int64_t>(host_sums_.data()[9]);
  results.atom_virials.clear();
  results.uncertainties.assign(host_expected_.data(),
                               host_expected_.data() + (wanted.uncertainties ? n_local_ : 0));
  if (wanted.atom_virials) {
    results.atom_virials.assign(host_atom_virials_.data(),
                                host_atom_virials_.data() + 9 * n_total_);
  }
  source.closest(results.closest);
}

template <class T>
void Painn<T>::release() {
  for (Layer& layer : layers_) {
    for (Memory<T>* memory :
         {&layer.scalars, &layer.hidden, &layer.sent, &layer.mixed, &layer.context, &layer.gains}) {
      memory->release();
    }
  }
  for (Memory<T>* memory : {&states_, &gradients_, &shape_, &pair_gradients_}) memory->release();
}

template <class T>
double Painn<T>::host_bytes() const {
  return host_energies_.bytes() + host_sums_.bytes() + host_forces_.bytes() +
         host_atom_virials_.bytes() + host_expected_.bytes() + host_rows_.bytes() +
         exchange_.bytes();
}

template class Painn<float>;
template class Painn<double>;

}  // namespace ipip::cuda
