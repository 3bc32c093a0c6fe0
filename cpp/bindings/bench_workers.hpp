// What the bindings of the benches' workers share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bindings.hpp"
#include "net/socket.hpp"

namespace pyscalp::bindings {

using Address = std::pair<std::string, std::uint16_t>;

inline net::Endpoint parsed_endpoint(const Address& address) {
  const auto endpoint = net::parse_endpoint(address.first, address.second);
  if (!endpoint) throw py::value_error(address.first + " is no IPv4 address");
  return *endpoint;
}

/// What was opened, or OSError.
template <class T>
std::unique_ptr<T> opened(net::Opened<std::unique_ptr<T>> from) {
  if (!from) {
    PyErr_SetString(PyExc_OSError, from.error.c_str());
    throw py::error_already_set();
  }
  return std::move(*from.value);
}

/// Runs to the end while Python goes on.
template <class T>
void run_worker(T& worker) {
  std::optional<std::string> problem;
  {
    const py::gil_scoped_release release;
    problem = worker.run();
  }
  if (problem) throw std::runtime_error(*problem);
}

/// One row of int64 for each struct of nothing but those.
template <class Row>
py::array_t<std::int64_t> int64_rows(const std::vector<Row>& from) {
  static_assert(sizeof(Row) % sizeof(std::int64_t) == 0);
  const auto columns = static_cast<py::ssize_t>(sizeof(Row) / sizeof(std::int64_t));
  py::array_t<std::int64_t> out({static_cast<py::ssize_t>(from.size()), columns});
  if (!from.empty()) {
    std::memcpy(out.mutable_data(), from.data(), from.size() * sizeof(Row));
  }
  return out;
}

}  // namespace pyscalp::bindings
