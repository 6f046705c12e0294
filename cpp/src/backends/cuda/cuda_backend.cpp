// SPDX-License-Identifier: MIT
#include "cuda_backend.hpp"

#include <cstdio>
#include <map>
#include <optional>
#include <utility>

#include "cuda_part.hpp"
#include "ipip/error.hpp"
#include "machine.hpp"
#include "model/painn_model.hpp"
#include "painn.hpp"
#include "pair_source.hpp"
#include "part_file.hpp"

namespace ipip {
namespace {

constexpr const char* kFunction = IPIP_TEXT(IPIP_CUDA_PART);

constexpr const char* kEmulated = "emulate";
constexpr const char* kNumbered = "cuda:";

// As in the kernels for the CPU.
template <class T>
constexpr double kTableError = sizeof(T) == 4 ? 3e-7 : 1e-10;

const cuda::CudaPart& load_cuda_part() {
  static const cuda::CudaPart* const part = [] {
    const LoadedFunction function =
        load_function(folder_of_libipip() + "/libipip_cuda.so", kFunction);
    if (function.address == nullptr) {
      throw Error("the kernels have no GPU here, because libipip_cuda.so cannot be loaded (" +
                  function.reason +
                  "): build all of ipip where nvcc is on PATH, or use device cpu");
    }
    return reinterpret_cast<cuda::CudaPartFunction*>(function.address)();
  }();
  return *part;
}

template <class T>
class CudaBackend final : public Backend {
 public:
  CudaBackend(std::unique_ptr<cuda::Machine> machine, const PainnModel& model, double table_error,
              const std::optional<Uncertainty>& uncertainty)
      : machine_(std::move(machine)),
        n_species_(model.n_species),
        cutoff_(model.cutoff),
        network_(*machine_, model, table_error, uncertainty),
        graph_(*machine_),
        candidates_(*machine_) {}

  void evaluate(const Graph& graph, const Wanted& wanted, HaloSession& session,
                Results& results) override {
    graph_.assign(graph, n_species_);
    network_.evaluate(graph_, wanted, results);
    session.require_all_forward();
    results.n_pairs = static_cast<std::int64_t>(graph.receivers.size());
  }

  void features(const Graph& graph, std::vector<double>& rows) override {
    graph_.assign(graph, n_species_);
    network_.features(graph_, rows);
  }
  std::int64_t feature_width() const override { return network_.feature_width(); }

  void set_candidates(const Candidates& candidates) override {
    candidates_.assign(candidates, n_species_, cutoff_);
  }
  bool finds_candidates() const override { return true; }
  void find_contacts(const Places& places, const double* points,
                     std::vector<std::uint8_t>& contacts) override {
    candidates_.find_contacts(places, points, contacts);
  }
  std::int64_t find_candidates(const Candidates& rows) override {
    candidates_.find(rows, n_species_, cutoff_);
    return candidates_.n_candidates();
  }
  void fetch_candidates(Candidates& candidates) const override { candidates_.fetch(candidates); }
  void evaluate(const double* points, const Wanted& wanted, HaloSession& session,
                Results& results) override {
    candidates_.place(points);
    network_.evaluate(candidates_, wanted, results);
    session.require_all_forward();
  }

  std::vector<std::int64_t> exchange_widths() const override { return network_.exchange_widths(); }
  bool makes_adjoints() const override { return false; }
  bool frees_memory_each_step() const override { return false; }
  void release() override { network_.release(); }
  double buffer_bytes() const override {
    return network_.host_bytes() + graph_.host_bytes() + candidates_.host_bytes();
  }
  std::string description() const override {
    char text[96];
    std::snprintf(text, sizeof text, ", tables of %d pieces with error %.1e", network_.pieces(),
                  network_.table_error());
    return "kernels, " + machine_->name() + text;
  }
  bool runs_code() const override { return false; }
  std::map<std::string, std::int64_t> device_calls() const override {
    const cuda::Calls& calls = machine_->calls();
    return {{"allocations", calls.allocations},
            {"launches", calls.launches},
            {"copies", calls.copies},
            {"replays", calls.replays},
            {"waits", calls.waits}};
  }

 private:
  std::unique_ptr<cuda::Machine> machine_;
  std::int64_t n_species_;
  double cutoff_;
  cuda::Painn<T> network_;
  cuda::PairSource graph_, candidates_;
};

template <class T>
std::unique_ptr<Backend> make(const ModelFile& file, const RunOptions& options) {
  const double error = options.table_error > 0.0 ? options.table_error : kTableError<T>;
  return std::make_unique<CudaBackend<T>>(open_cuda_machine(options.device), read_painn(file),
                                          error, file.uncertainty);
}

}  // namespace

std::unique_ptr<cuda::Machine> open_cuda_machine(const std::string& device) {
  if (device == kEmulated) return cuda::make_emulator();
  const cuda::CudaPart& part = load_cuda_part();
  const int gpu = std::stoi(device.substr(std::string(kNumbered).size()));
  try {
    return part.open(gpu);
  } catch (const std::exception& error) {
    throw Error("device is " + device + ", but it cannot be used (" + error.what() +
                "): look at `nvidia-smi`, or use device cpu");
  }
}

bool is_cuda_device(const std::string& device) {
  if (device == kEmulated) return true;
  const std::string prefix = kNumbered;
  if (device.rfind(prefix, 0) != 0) return false;
  const std::string number = device.substr(prefix.size());
  constexpr std::size_t kDigits = 4;  // fit an int
  return !number.empty() && number.size() <= kDigits &&
         number.find_first_not_of("0123456789") == std::string::npos;
}

int cuda_gpus() {
  return load_cuda_part().visible_gpus();
}

std::unique_ptr<Backend> make_cuda_backend(const ModelFile& file, const RunOptions& options) {
  return file.metadata.info.dtype == "float64" ? make<double>(file, options)
                                               : make<float>(file, options);
}

}  // namespace ipip
