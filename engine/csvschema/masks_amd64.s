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

// BITS puts the highest bits of the bytes of low and high into to.
#define BITS(low, high, to, scratch) \
	VPMOVMSKB low, to      \
	VPMOVMSKB high, scratch \
	SHLQ      $32, scratch \
	ORQ       scratch, to

// ENDS marks in to what may end a cell among the 32 bytes at off, which are in y, and whose line feeds are marked in lines.
#define ENDS(off, y, lines, to, scratch) \
	VPCMPEQB (off+1)(SI), Y6, to  \
	VPCMPEQB y, Y7, scratch       \
	VPAND    scratch, to, to      \
	VPCMPEQB y, Y8, scratch       \
	VPOR     scratch, to, to      \
	VPOR     lines, to, to

// What outline of masks.go does, as far as hop needs it. What it compares with: as in shapes; X10 is all ones. R8, R9 and R10
// are inside, mayOpen and closed; BX is the last word of line ends outside quotes and R11 the block it belongs to, R12 counts
// them and R13 counts all line feeds.
//
// func hops(h *stride, data *byte, blocks int, delim, quote byte) int
TEXT ·hops(SB), NOSPLIT, $24-40
	MOVQ     data+8(FP), SI
	MOVQ     blocks+16(FP), CX
	SPREAD($'\n', X6, Y6)
	SPREAD($'\r', X7, Y7)
	ARGUMENT(delim+24(FP), X8, Y8)
	ARGUMENT(quote+25(FP), X9, Y9)
	VPCMPEQB X10, X10, X10
	MOVQ     h+0(FP), DI
	MOVQ     0(DI), R8
	MOVQ     8(DI), R9
	MOVQ     16(DI), R10
	XORQ     BX, BX
	XORQ     R11, R11
	XORQ     R12, R12
	XORQ     R13, R13

next:
	VMOVDQU  0(SI), Y0
	VMOVDQU  32(SI), Y1
	VPCMPEQB Y0, Y9, Y2
	VPCMPEQB Y1, Y9, Y3
	BITS(Y2, Y3, AX, R14)        // quotes
	VPCMPEQB Y0, Y6, Y2
	VPCMPEQB Y1, Y6, Y3
	BITS(Y2, Y3, DX, R14)        // line feeds
	ENDS(0, Y0, Y2, Y4, Y5)
	ENDS(32, Y1, Y3, Y11, Y5)
	BITS(Y4, Y11, DI, R14)

	VMOVQ      AX, X2
	VPCLMULQDQ $0, X10, X2, X2   // the parity of the quotes up to each byte
	VMOVQ      X2, R14
	XORQ       R8, R14           // inside
	MOVQ       R8, inside-8(SP)
	MOVQ       R9, mayOpen-16(SP)
	MOVQ       R10, closed-24(SP)

	MOVQ R14, R8
	NOTQ R8
	ANDQ R8, DI                  // ends
	MOVQ AX, R15
	ANDQ R14, R15                // opens
	ANDQ R8, AX                  // closes
	LEAQ (R10)(AX*2), R10        // behind
	LEAQ (R9)(DI*2), R9
	ORQ  R10, R9
	NOTQ R9
	ANDQ R15, R9                 // bad: neither first in its cell nor the second one of a pair
	ORQ  DI, R15
	NOTQ R15
	ANDQ R10, R15                // bad: behind a closing quote
	ORQ  R9, R15
	JNZ  bad

	MOVQ    R14, R8
	SARQ    $63, R8
	MOVQ    DI, R9
	SHRQ    $63, R9
	MOVQ    AX, R10
	SHRQ    $63, R10
	POPCNTQ DX, R14
	ADDQ    R14, R13
	ANDQ    DI, DX
	CMOVQNE DX, BX
	CMOVQNE SI, R11
	POPCNTQ DX, R14
	ADDQ    R14, R12
	ADDQ    $64, SI
	DECQ    CX
	JNZ     next
	JMP     done

bad:
	MOVQ inside-8(SP), R8
	MOVQ mayOpen-16(SP), R9
	MOVQ closed-24(SP), R10

done:
	VZEROUPPER
	MOVQ  h+0(FP), DI
	MOVQ  R8, 0(DI)
	MOVQ  R9, 8(DI)
	MOVQ  R10, 16(DI)
	ADDQ  R12, 32(DI)
	ADDQ  R13, 40(DI)
	TESTQ BX, BX
	JZ    passed
	BSRQ  BX, BX
	SUBQ  data+8(FP), R11
	LEAQ  1(R11)(BX*1), R11
	ADDQ  R11, 24(DI)

passed:
	MOVQ blocks+16(FP), AX
	SUBQ CX, AX
	MOVQ AX, ret+32(FP)
	RET
