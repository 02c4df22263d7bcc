"""The arithmetic application: each function logs what it does. Served by a desk, or run as `python arithmetic.py`."""

import logging

import frontdesk

logger = logging.getLogger("ArithmeticApp")
operations_logger = logging.getLogger("ArithmethicApp")  # spelled so where all levels are shown


@frontdesk.function
def add(a: int | float = 10, b: int | float = 15):
    """Add b to a."""
    result = a + b
    logger.debug(f"Adding {a} + {b} = {result}")
    return result


@frontdesk.function
def subtract(a: int | float = 15, b: int | float = 10):
    """Subtract b from a."""
    result = a - b
    logger.debug(f"Subtracting {a} - {b} = {result}")
    return result


@frontdesk.function
def multiply(a: int | float = 10, b: int | float = 20):
    """Multiply a by b."""
    result = a * b
    logger.debug(f"Multiplying {a} * {b} = {result}")
    return result


@frontdesk.function
def divide(a: int | float = 20, b: int | float = 0):
    """Divide a by b. Dividing by zero is an ERROR in the logs, and gives nothing."""
    try:
        result = a / b
        logger.debug(f"Dividing {a} / {b} = {result}")
        return result
    except ZeroDivisionError:
        logger.error("Division by zero error")
        return None


@frontdesk.function
def perform_operations(a: int | float = 10, b: int | float = 5):
    """Add, subtract, multiply and divide, and log each result: see the run's records."""
    operations_logger.debug(f"Starting operations with a={a} and b={b}")

    if a < 0 or b < 0:
        operations_logger.warning("One or both inputs are negative. Results may be unexpected.")

    try:
        result = a + b
        operations_logger.info(f"Addition result: {result}")
    except Exception as e:
        operations_logger.error(f"Error occurred during addition: {e}")

    try:
        result = a - b
        operations_logger.info(f"Subtraction result: {result}")
    except Exception as e:
        operations_logger.error(f"Error occurred during subtraction: {e}")

    try:
        result = a * b
        operations_logger.info(f"Multiplication result: {result}")
    except Exception as e:
        operations_logger.error(f"Error occurred during multiplication: {e}")

    try:
        result = a / b
        operations_logger.info(f"Division result: {result}")
    except ZeroDivisionError:
        operations_logger.error("Division by zero error")
    except Exception as e:
        operations_logger.critical(f"Critical error occurred: {e}")


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.DEBUG,
        format="%(asctime)s - %(name)s - %(levelname)s - %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
        handlers=[
            logging.FileHandler("app1.log"),
            logging.StreamHandler(),
        ],
    )
    add(10, 15)
    subtract(15, 10)
    multiply(10, 20)
    divide(20, 0)  # logs an error
    perform_operations(10, 5)
    perform_operations(-10, 5)
    perform_operations(10, 0)
