! A boot sector for a C program of Debian's bcc: reads the program behind it, eight sectors, and starts it.
  extern _main
  entry start
  .text
start:
  jmpi known,#0
known:
  mov ax,cs
  mov ds,ax
  mov es,ax
  mov ss,ax
  mov sp,#0x7c00
  sti
  mov ax,#0x0208
  mov bx,#0x7e00
  mov cx,#2
  xor dh,dh
  int 0x13
  br _main
  .org 510
  .word 0xAA55
