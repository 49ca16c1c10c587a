// The instruction set that this translation unit was compiled for, as the name of an inline namespace:
// two translation units built with different -march flags then never share inline code by accident.
#pragma once

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define DRNET_ISA avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define DRNET_ISA avx2
#elif defined(__AVX__)
#define DRNET_ISA avx
#elif defined(__SSE2__)
#define DRNET_ISA sse2
#elif defined(__ARM_NEON)
#define DRNET_ISA neon
#else
#define DRNET_ISA portable
#endif
