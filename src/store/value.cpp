// SPDX-License-Identifier: Apache-2.0
#include "store/value.hpp"

namespace hubward::store {

namespace {

template <class T>
const T& held_at(const Row& row, std::size_t column) {
  static const T nothing{};
  const T* held = column < row.size() ? std::get_if<T>(&row[column]) : nullptr;
  return held ? *held : nothing;
}

}  // namespace

std::int64_t integer_at(const Row& row, std::size_t column) {
  return held_at<std::int64_t>(row, column);
}

const std::string& text_at(const Row& row, std::size_t column) {
  return held_at<std::string>(row, column);
}

const Bytes& bytes_at(const Row& row, std::size_t column) {
  return held_at<Bytes>(row, column);
}

bool null_at(const Row& row, std::size_t column) {
  return column >= row.size() || std::holds_alternative<std::nullptr_t>(row[column]);
}

}  // namespace hubward::store
