//go:build amd64 && !purego

#include "textflag.h"

// Both kernels keep
//	Y0-Y4  tables.marks[:5]    SI  p          DI   next report
//	CX     offset of the block  R8  tables     R9   reports that there is room for
//	DX     last CX to look at                 R10  reports made
//	Y5     zero
// and use Y14 and Y15 for one vector of input: the bytes and their high nibbles.
// The low nibbles need no mask: VPSHUFB looks at bits 0-3 and gives 0 for a byte
// of 0x80 or more, which is in no table.

#define FOURTHLOW 160(R8)
#define NIBBLE    256(R8)
#define NEWLINE   288(R8)
#define ZERO      Y5

#define SPLIT \
	VPSRLW $4, Y14, Y15      \
	VPAND  NIBBLE, Y15, Y15

// BEGIN sets marks to the buckets of which the bytes can be the first.
#define BEGIN(marks) \
	VPSHUFB Y14, Y0, marks    \
	VPSHUFB Y15, Y1, Y15      \
	VPAND   Y15, marks, marks

// SECOND keeps the buckets of which the bytes at off can be the second.
#define SECOND(off, marks) \
	VMOVDQU off(SI)(CX*1), Y14 \
	SPLIT                      \
	VPSHUFB Y14, Y2, Y14       \
	VPSHUFB Y15, Y3, Y15       \
	VPAND   Y14, marks, marks  \
	VPAND   Y15, marks, marks

// THIRD and FOURTH keep the buckets of which the bytes at off can be the third
// and the fourth, by their low nibbles alone: the high ones would turn away too
// few to be worth it.
#define THIRD(off, marks) \
	VPSHUFB off(SI)(CX*1), Y4, Y14 \
	VPAND   Y14, marks, marks

#define FOURTH(off, marks) \
	VMOVDQU FOURTHLOW, Y14          \
	VPSHUFB off(SI)(CX*1), Y14, Y14 \
	VPAND   Y14, marks, marks

#define LOADTABLES \
	VMOVDQU 0(R8), Y0   \
	VMOVDQU 32(R8), Y1  \
	VMOVDQU 64(R8), Y2  \
	VMOVDQU 96(R8), Y3  \
	VMOVDQU 128(R8), Y4 \
	VPXOR   Y5, Y5, Y5

// MASK turns two vectors of 0 and 0xff into 64 bits.
#define MASK(a, b, out, tmp) \
	VPMOVMSKB a, out   \
	VPMOVMSKB b, tmp   \
	SHLQ      $32, tmp \
	ORQ       tmp, out

// NARROW looks at the 32 bytes at off: marks, and other = 0xff where a byte is
// not base64. It counts newlines in Y8 and keeps the least bytes in Y9.
#define NARROW(off1, off2, off3, off4, marks, other) \
	VMOVDQU  off1(SI)(CX*1), Y14  \
	VPMINUB  Y14, Y9, Y9          \
	VPCMPEQB NEWLINE, Y14, Y15    \
	VPSUBB   Y15, Y8, Y8          \
	SPLIT                         \
	VPSHUFB  Y14, Y6, other       \
	VPSHUFB  Y15, Y7, marks       \
	VPAND    marks, other, other  \
	VPCMPEQB ZERO, other, other   \
	BEGIN(marks)                  \
	SECOND(off2, marks)           \
	THIRD(off3, marks)            \
	FOURTH(off4, marks)

// SUMLINES adds the newlines of Y8 to R12.
#define SUMLINES \
	VPSADBW      ZERO, Y8, Y8   \
	VEXTRACTI128 $1, Y8, X15   \
	VPADDQ       X15, X8, X8   \
	VPSHUFD      $0x4e, X8, X15 \
	VPADDQ       X15, X8, X8   \
	VMOVQ        X8, AX        \
	ADDQ         AX, R12       \
	VPXOR        Y8, Y8, Y8

// func scanNarrow(p *byte, n int, t *tables, out *block, max int) (count, next, newlines, nul int)
TEXT ·scanNarrow(SB), NOSPLIT, $0-72
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), DX
	MOVQ t+16(FP), R8
	MOVQ out+24(FP), DI
	MOVQ max+32(FP), R9
	LOADTABLES
	VMOVDQU 192(R8), Y6    // tables.base64
	VMOVDQU 224(R8), Y7
	VPXOR Y8, Y8, Y8
	VPCMPEQB Y9, Y9, Y9
	XORQ CX, CX
	XORQ R10, R10
	XORQ R12, R12
	SUBQ $67, DX

lines:
	MOVQ $127, R11         // blocks, of two newlines a byte of Y8 at most

	PCALIGN $64
loop:
	CMPQ CX, DX
	JGT  done
	NARROW(0, 1, 2, 3, Y10, Y12)
	NARROW(32, 33, 34, 35, Y11, Y13)
	VPUNPCKLQDQ Y13, Y12, Y14
	VPUNPCKHQDQ Y13, Y12, Y15
	VPOR        Y15, Y14, Y14
	VPCMPEQQ    ZERO, Y14, Y14 // lanes of 16 bytes that are base64 throughout
	VPOR        Y10, Y11, Y15
	VPOR        Y14, Y15, Y15
	VPTEST      Y15, Y15
	JNZ  report

resume:
	ADDQ $64, CX
	DECQ R11
	JNZ  loop
	SUMLINES
	JMP  lines

report:
	VPCMPEQB ZERO, Y10, Y10
	VPCMPEQB ZERO, Y11, Y11
	MASK(Y10, Y11, AX, BX)
	NOTQ AX
	MASK(Y12, Y13, R13, BX)
	NOTQ R13
	MOVQ CX, 0(DI)
	MOVQ AX, 8(DI)
	MOVQ R13, 16(DI)
	ADDQ $24, DI
	INCQ R10
	CMPQ R10, R9
	JLT  resume
	ADDQ $64, CX

done:
	SUMLINES
	VPCMPEQB ZERO, Y9, Y9
	VPMOVMSKB Y9, AX
	VZEROUPPER
	MOVQ R10, count+40(FP)
	MOVQ CX, next+48(FP)
	MOVQ R12, newlines+56(FP)
	MOVQ AX, nul+64(FP)
	RET

// WIDE looks at the 32 bytes at off1 and the characters behind them.
#define WIDE(off1, off2, off3, off4, marks) \
	VMOVDQU off1(SI)(CX*1), Y14 \
	SPLIT                       \
	BEGIN(marks)                \
	SECOND(off2, marks)         \
	THIRD(off3, marks)          \
	FOURTH(off4, marks)

// func scanWide(p *byte, n int, t *tables, out *block, max int) (count, next int)
TEXT ·scanWide(SB), NOSPLIT, $0-56
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), DX
	MOVQ t+16(FP), R8
	MOVQ out+24(FP), DI
	MOVQ max+32(FP), R9
	LOADTABLES
	XORQ CX, CX
	XORQ R10, R10
	SUBQ $70, DX

wideloop:
	CMPQ CX, DX
	JGT  widedone
	WIDE(0, 2, 4, 6, Y10)
	WIDE(32, 34, 36, 38, Y11)
	VPOR   Y10, Y11, Y15
	VPTEST Y15, Y15
	JNZ    widereport

wideresume:
	ADDQ $64, CX
	JMP  wideloop

widereport:
	VPCMPEQB ZERO, Y10, Y10
	VPCMPEQB ZERO, Y11, Y11
	MASK(Y10, Y11, AX, BX)
	NOTQ AX
	MOVQ CX, 0(DI)
	MOVQ AX, 8(DI)
	MOVQ $0, 16(DI)
	ADDQ $24, DI
	INCQ R10
	CMPQ R10, R9
	JLT  wideresume
	ADDQ $64, CX

widedone:
	VZEROUPPER
	MOVQ R10, count+40(FP)
	MOVQ CX, next+48(FP)
	RET
