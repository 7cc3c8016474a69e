#include "textflag.h"

// What shapes and alarms of masks.go do, for 32 bytes at a time, with AVX2. The masks lie one behind another, 80 bytes for each
// block, in the order of the struct; each half of a block is stored on its own. Behind the last block one byte is read.

// SPREAD fills y, whose lower half is x, with copies of a byte.
#define SPREAD(byte, x, y) \
	MOVL         byte, AX \
	VMOVD        AX, x    \
	VPBROADCASTB x, y

// ARGUMENT is SPREAD for one of the function's own.
#define ARGUMENT(byte, x, y) \
	MOVBLZX      byte, AX \
	VMOVD        AX, x    \
	VPBROADCASTB x, y

// KEEP stores the highest bit of each byte of y.
#define KEEP(y, at) \
	VPMOVMSKB y, AX      \
	MOVL      AX, at(DI)

// SHAPES looks at the 32 bytes at off, in Y0. They go to the lower or the upper half of the masks, which begin at half. What
// it compares with: Y5 zero, Y6 \n, Y7 \r, Y8 the delimiter, Y9 the quote, Y10 and Y11 what lies around leads, Y12 what lies
// above conts.
#define SHAPES(off, half) \
	VMOVDQU  off(SI), Y0          \
	KEEP(Y0, half+40)             \ /* high */
	VPCMPEQB Y0, Y8, Y1           \
	KEEP(Y1, half+0)              \ /* delims */
	VPCMPEQB Y0, Y9, Y1           \
	KEEP(Y1, half+8)              \ /* quotes */
	VPCMPEQB Y0, Y6, Y1           \
	KEEP(Y1, half+16)             \ /* lines */
	VPCMPEQB (off+1)(SI), Y6, Y1  \
	VPCMPEQB Y0, Y7, Y2           \
	VPAND    Y2, Y1, Y1           \
	KEEP(Y1, half+24)             \ /* returns */
	VPXOR    Y2, Y1, Y1           \
	VPCMPEQB Y0, Y5, Y2           \
	VPOR     Y2, Y1, Y1           \
	KEEP(Y1, half+32)             \ /* spoils */
	VPCMPGTB Y10, Y0, Y1          \
	VPCMPGTB Y0, Y11, Y2          \
	VPAND    Y2, Y1, Y1           \
	KEEP(Y1, half+48)             \ /* leads */
	VPCMPGTB Y0, Y12, Y1          \
	KEEP(Y1, half+56) /* conts */

// func shapes(out *masks, data *byte, blocks int, delim, quote, limit byte)
TEXT ·shapes(SB), NOSPLIT, $0-27
	MOVQ   out+0(FP), DI
	MOVQ   data+8(FP), SI
	MOVQ   blocks+16(FP), CX
	VPXOR  Y5, Y5, Y5
	SPREAD($'\n', X6, Y6)
	SPREAD($'\r', X7, Y7)
	ARGUMENT(delim+24(FP), X8, Y8)
	ARGUMENT(quote+25(FP), X9, Y9)
	SPREAD($0xC1, X10, Y10)
	SPREAD($0xE0, X11, Y11)
	ARGUMENT(limit+26(FP), X12, Y12)

next:
	SHAPES(0, 0)
	SHAPES(32, 4)
	ADDQ $64, SI
	ADDQ $80, DI
	DECQ CX
	JNZ  next
	VZEROUPPER
	RET

// ALARMS looks at the 32 bytes at off, in Y0, and at what follows each of them, in Y1. What it compares with: Y6 a blank, Y7
// six, Y8 /, Y9 :, Y10 E, Y11 #, Y12 \.
#define ALARMS(off, half) \
	VMOVDQU  off(SI), Y0        \
	VPCMPEQB Y0, Y6, Y2         \
	KEEP(Y2, half+64)           \ /* blanks */
	VPOR     (off+1)(SI), Y7, Y1 \
	VPCMPEQB Y1, Y8, Y1         \ /* one of ) + - / */
	VPCMPEQB Y0, Y9, Y2         \
	VPCMPEQB Y0, Y10, Y3        \
	VPOR     Y3, Y2, Y2         \
	VPAND    Y2, Y1, Y1         \
	VPCMPEQB Y0, Y11, Y2        \
	VPOR     Y2, Y1, Y1         \
	VPCMPEQB Y0, Y12, Y2        \
	VPOR     Y2, Y1, Y1         \
	KEEP(Y1, half+72) /* odd */

// func alarms(out *masks, data *byte, blocks int)
TEXT ·alarms(SB), NOSPLIT, $0-24
	MOVQ out+0(FP), DI
	MOVQ data+8(FP), SI
	MOVQ blocks+16(FP), CX
	SPREAD($' ', X6, Y6)
	SPREAD($6, X7, Y7)
	SPREAD($'/', X8, Y8)
	SPREAD($':', X9, Y9)
	SPREAD($'E', X10, Y10)
	SPREAD($'#', X11, Y11)
	SPREAD($'\\', X12, Y12)

next:
	ALARMS(0, 0)
	ALARMS(32, 4)
	ADDQ $64, SI
	ADDQ $80, DI
	DECQ CX
	JNZ  next
	VZEROUPPER
	RET
