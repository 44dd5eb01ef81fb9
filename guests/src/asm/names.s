# The bits, ports and vectors that guests use, by name.

# The arena of a component: its linear base address, and as a real-mode segment.
.set ARENA, 0x10000
.set ARENA_SEGMENT, ARENA >> 4

# EFLAGS.
.set FLAG_CF, 1 << 0
.set FLAG_TF, 1 << 8
.set FLAG_IF, 1 << 9

# The real-mode interrupt vector table at linear address 0: four bytes a vector, offset then segment.
.set VECTOR_SIZE, 4
.set INT_TIMER, 8

# The interrupt controllers.
.set PIC1_COMMAND, 0x20
.set PIC_EOI, 0x20

# The UART of COM1.
.set UART, 0x3F8
.set UART_DIVISOR, 115200 / 115200
.set UART_DATA, UART + 0
.set UART_DIVISOR_LOW, UART + 0
.set UART_DIVISOR_HIGH, UART + 1
.set UART_INTERRUPT_ENABLE, UART + 1
.set UART_LINE_CONTROL, UART + 3
.set UART_MODEM_CONTROL, UART + 4
.set UART_LINE_STATUS, UART + 5
.set UART_SCRATCH, UART + 7
.set LINE_8_N_1, 0b011
.set LINE_DIVISOR_ACCESS, 1 << 7
.set MODEM_DTR, 1 << 0
.set MODEM_RTS, 1 << 1
.set STATUS_HOLDING_EMPTY, 1 << 5
.set STATUS_ALL_SENT, 1 << 6

# ASCII.
.set NUL, 0
.set LF, 10
.set CR, 13
.set ESC, 27
