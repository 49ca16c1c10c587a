// What a translation unit was compiled for, as the name of an inline namespace: two units compiled with
// different -march flags, or one of them with DRNET_EXACT, then never share inline code by accident.
//
// DRNET_EXACT, if defined, is for all convolutions what ConvOptions::exact is for one: no Winograd.
#pragma once

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define DRNET_ISA_NAME avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define DRNET_ISA_NAME avx2
#elif defined(__AVX__)
#define DRNET_ISA_NAME avx
#elif defined(__SSE2__)
#define DRNET_ISA_NAME sse2
#elif defined(__ARM_NEON)
#define DRNET_ISA_NAME neon
#else
#define DRNET_ISA_NAME portable
#endif

#ifdef DRNET_EXACT
#define DRNET_JOIN(a, b) a##b
#define DRNET_EXACT_NAME(isa) DRNET_JOIN(isa, _exact)
#define DRNET_ISA DRNET_EXACT_NAME(DRNET_ISA_NAME)
#else
#define DRNET_ISA DRNET_ISA_NAME
#endif

namespace drnet::inline DRNET_ISA {

#ifdef DRNET_EXACT
inline constexpr bool kExactConvolutions = true;
#else
inline constexpr bool kExactConvolutions = false;
#endif

}  // namespace drnet::inline DRNET_ISA
