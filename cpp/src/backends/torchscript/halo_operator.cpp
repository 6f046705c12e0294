// SPDX-License-Identifier: MIT
// The operator ipip::halo_exchange(x) -> x with the rows of halo atoms appended.
//
// H: [n_local, ...] -> [n_total, ...] copies rows, so it is linear, its derivative is H itself and
// its adjoint H' adds halo rows to their owners. Each of the two autograd functions has the other
// as its backward, so derivatives of any order are right.
#include <torch/autograd.h>
#include <torch/custom_class.h>
#include <torch/library.h>
#include <torch/types.h>

#include <memory>
#include <utility>

#include "halo/halo_session.hpp"
#include "halo_tokens.hpp"
#include "ipip/halo.hpp"

namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using Exchanger = std::shared_ptr<ipip::HaloExchanger>;

// The exchanger travels with the graph: autograd may run a node on another thread, and after the
// scope that made the exchanger active.
struct Holder : torch::CustomClassHolder {
  explicit Holder(Exchanger held) : exchanger(std::move(held)) {}
  Exchanger exchanger;
};

constexpr const char* kExchanger = "exchanger";

void remember(AutogradContext* context, const Exchanger& exchanger) {
  context->saved_data[kExchanger] =
      c10::IValue::make_capsule(c10::make_intrusive<Holder>(exchanger));
}

Exchanger recall(AutogradContext* context) {
  const auto capsule = context->saved_data[kExchanger].toCapsule();
  return static_cast<const Holder*>(capsule.get())->exchanger;
}

ipip::Scalar scalar_of(const Tensor& x) {
  TORCH_CHECK(x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kFloat64,
              "ipip::halo_exchange: expected float32 or float64, got ", x.scalar_type());
  return x.scalar_type() == torch::kFloat32 ? ipip::Scalar::float32 : ipip::Scalar::float64;
}

void check_rows(const Tensor& x, std::int64_t rows) {
  TORCH_CHECK(x.dim() >= 1 && x.size(0) == rows, "ipip::halo_exchange: expected ", rows,
              " rows, got a tensor of shape ", x.sizes());
}

// Numbers per row; also right for a table without rows.
std::int64_t width_of(const Tensor& x) {
  std::int64_t width = 1;
  for (std::int64_t dim = 1; dim < x.dim(); ++dim) width *= x.size(dim);
  return width;
}

Tensor append_halo_rows(const Tensor& x, ipip::HaloExchanger& exchanger) {
  check_rows(x, exchanger.n_local());
  auto shape = x.sizes().vec();
  shape[0] = exchanger.n_total();
  // Exchanged in main memory: messages stay independent of the device.
  Tensor table = torch::empty(shape, x.options().device(torch::kCPU));
  table.narrow(0, 0, exchanger.n_local()).copy_(x.to(torch::kCPU));
  exchanger.forward(table.data_ptr(), width_of(x), scalar_of(x));
  return table.to(x.device());
}

Tensor fold_halo_rows(const Tensor& x, ipip::HaloExchanger& exchanger) {
  check_rows(x, exchanger.n_total());
  Tensor table = torch::empty(x.sizes(), x.options().device(torch::kCPU));
  table.copy_(x.to(torch::kCPU));
  exchanger.reverse(table.data_ptr(), width_of(x), scalar_of(x));
  return table.narrow(0, 0, exchanger.n_local()).contiguous().to(x.device());
}

struct AppendHalo : torch::autograd::Function<AppendHalo> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Exchanger& exchanger);
  static variable_list backward(AutogradContext* context, const variable_list& gradients);
};

struct FoldHalo : torch::autograd::Function<FoldHalo> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Exchanger& exchanger);
  static variable_list backward(AutogradContext* context, const variable_list& gradients);
};

Tensor AppendHalo::forward(AutogradContext* context, const Tensor& x, const Exchanger& exchanger) {
  remember(context, exchanger);
  return append_halo_rows(x, *exchanger);
}

variable_list AppendHalo::backward(AutogradContext* context, const variable_list& gradients) {
  return {FoldHalo::apply(gradients[0], recall(context)), Tensor()};
}

Tensor FoldHalo::forward(AutogradContext* context, const Tensor& x, const Exchanger& exchanger) {
  remember(context, exchanger);
  return fold_halo_rows(x, *exchanger);
}

variable_list FoldHalo::backward(AutogradContext* context, const variable_list& gradients) {
  return {AppendHalo::apply(gradients[0], recall(context)), Tensor()};
}

// The exchange of a session: its token ties it to the exchanges before and after it (see
// HaloTokens). Evaluated once and never differentiated twice.
struct OrderedAppendHalo : torch::autograd::Function<OrderedAppendHalo> {
  static variable_list forward(AutogradContext* context, const Tensor& x, const Tensor& token,
                               const Exchanger& exchanger) {
    remember(context, exchanger);
    return {append_halo_rows(x, *exchanger), token.clone()};
  }

  // Rows that nothing depends on have a gradient of zeros, so this is right for them too.
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    auto* session = ipip::HaloSession::active();
    // Exchanges are MPI calls, which belong to the thread that evaluates the student.
    TORCH_CHECK(session != nullptr,
                "ipip::halo_exchange: the backward exchange runs on another thread than the "
                "forward one, or after its evaluation");
    session->begin_reverse();
    return {fold_halo_rows(gradients[0], *recall(context)), gradients[1], Tensor()};
  }
};

Tensor halo_exchange(const Tensor& x) {
  const Exchanger exchanger = ipip::active_halo_exchanger();
  if (exchanger == nullptr) return x;
  auto* session = ipip::HaloSession::active();
  auto* tokens = ipip::HaloTokens::active();
  if (session == nullptr || tokens == nullptr) return AppendHalo::apply(x, exchanger);
  check_rows(x, exchanger->n_local());
  session->begin_forward(width_of(x));
  variable_list out = OrderedAppendHalo::apply(x, tokens->last(), exchanger);
  tokens->set_last(out[1]);
  return out[0];
}

}  // namespace

TORCH_LIBRARY(ipip, library) {
  // "(a)": the result may be the argument itself: to write into one is to write into the other.
  library.def("halo_exchange(Tensor(a) x) -> Tensor(a)", &halo_exchange);
}
