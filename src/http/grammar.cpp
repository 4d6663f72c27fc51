// SPDX-License-Identifier: Apache-2.0
#include "http/grammar.hpp"

#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace hubward::http {

namespace {

#ifdef __SSE2__
// One bit for each of sixteen bytes that may not stand in a field's value.
unsigned refused_in_value(__m128i bytes) {
  const __m128i last_control = _mm_set1_epi8(' ' - 1), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);
  __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
  __m128i refused =
      _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), control), _mm_cmpeq_epi8(bytes, del));
  return static_cast<unsigned>(_mm_movemask_epi8(refused));
}
#endif

}  // namespace

std::size_t value_length(std::string_view text) {
  std::size_t at = 0;
#ifdef __SSE2__
  constexpr std::size_t places = sizeof(__m128i);
  for (; at + places <= text.size(); at += places) {
    unsigned refused =
        refused_in_value(_mm_loadu_si128(reinterpret_cast<const __m128i_u*>(text.data() + at)));
    if (refused != 0) return at + static_cast<std::size_t>(std::countr_zero(refused));
  }
#endif
  while (at < text.size() && is(ByteClass::value | ByteClass::opaque, text[at])) ++at;
  return at;
}

bool holds_opaque(std::string_view text) {
  unsigned bits = 0;
  for (char c : text) bits |= static_cast<unsigned char>(c);
  return (bits & 0x80) != 0;
}

}  // namespace hubward::http
